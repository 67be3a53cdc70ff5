public import Bytes
import Glibc
import JSON

extension MergeList {
  /// Names of the file with the merges in a model's folder, in order of preference.
  static let fileNames = ["merges.txt", "tokenizer.json", "bpe_simple_vocab_16e6.txt"]
  /// Number of merges in CLIP, and so in OWLv2 and OWL-ViT.
  static let clipCount = 48894
  /// Published tokenizers' files are below 4 MB.
  static let maximumByteCount = 64 << 20

  /// The merges in a file, or in the file that holds them in a folder.
  ///
  /// `merges.txt` and `tokenizer.json` of Hugging Face and CLIP's own text file are recognised by
  /// their content.
  /// - Throws: `file.*`, `json.*`, `tokenizer.*`.
  public init(path: String) throws(Failure) {
    let file = try MergeList.file(at: path)
    do throws(Failure) {
      let storage = try MappedFile.open(file)
      try self.init(contents: storage)
    } catch {
      throw error.about(file: file)
    }
  }

  /// The file at `path`, or the one inside it if it is a folder; never nil, so that errors name it.
  private static func file(at path: String) throws(Failure) -> String {
    guard isFolder(path) else { return path }
    guard let found = MergeList.file(inFolder: path) else {
      throw Failure(
        .missingInput, code: "tokenizer.missing",
        "the folder has none of \(fileNames.joined(separator: ", "))", file: path)
    }
    return found
  }

  /// The file with the merges in a folder; nil if the folder has none.
  public static func file(inFolder folder: String) -> String? {
    fileNames.map { folder.hasSuffix("/") ? folder + $0 : "\(folder)/\($0)" }
      .first { unsafe access($0, R_OK) == 0 && !isFolder($0) }
  }

  private static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// The merges in the bytes of a file.
  public init(contents: ByteStorage) throws(Failure) {
    guard contents.byteCount <= MergeList.maximumByteCount else {
      throw Failure(
        .badInput, code: "tokenizer.text", "\(contents.byteCount) bytes are too many for merges")
    }
    let isGzip = unsafe contents.withUnsafeBytes { unsafe $0.starts(with: [0x1F, 0x8B]) }
    guard !isGzip else {
      throw Failure(
        .badInput, code: "tokenizer.text", "the merges are compressed with gzip",
        hint: "unpack them first: gunzip bpe_simple_vocab_16e6.txt.gz")
    }
    let text = unsafe contents.withUnsafeBytes { unsafe String(validating: $0, as: UTF8.self) }
    guard let text else {
      throw Failure(
        .badInput, code: "tokenizer.text", "the file is not UTF-8 text",
        hint: "give merges.txt or tokenizer.json of the model")
    }
    if text.utf8.first == UInt8(ascii: "{") {
      try self.init(tokenizerJSON: text)
    } else if text.hasPrefix("\"bpe_simple_vocab") {
      try self.init(text: text, limit: MergeList.clipCount)
    } else {
      try self.init(text: text)
    }
  }

  /// The merges in a `tokenizer.json`, which holds them as pairs or as lines.
  private init(tokenizerJSON text: String) throws(Failure) {
    let model = try JSONValue(parsing: text).required("model")
    var lines: [String] = []
    for (index, entry) in try model.requiredArray("merges").enumerated() {
      if let line = entry.string {
        lines.append(line)
      } else if let left = entry[0]?.string, let right = entry[1]?.string,
        entry.array?.count == 2
      {
        lines.append("\(left) \(right)")
      } else {
        throw Failure(
          .badInput, code: "tokenizer.merge", "merge \(index) is \(entry.shown), not a pair")
      }
    }
    try self.init(lines: lines)
  }
}
