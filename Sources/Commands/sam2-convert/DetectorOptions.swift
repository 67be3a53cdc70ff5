import ArgumentParser
import Bytes
import DetectorImport
import Glibc
import JSON
import Tokenizer

/// Options that apply only to detectors.
struct DetectorOptions: ParsableArguments {
  @Option(
    help: """
      Of a detector: the folder or file of its tokenizer (merges.txt, tokenizer.json or \
      bpe_simple_vocab_16e6.txt), where it is not beside the checkpoint.
      """)
  var tokenizer: String?

  /// - Throws: `convert.detector_option`.
  func refuseForSAM2() throws(Failure) {
    guard tokenizer != nil else { return }
    throw Failure(
      .usage, code: "convert.detector_option",
      "--tokenizer is for detectors (OWLv2, OWL-ViT), and this checkpoint is not one")
  }

  /// The merges of the tokenizer that is given, or that is beside the checkpoint at `input`.
  /// - Throws: `detector.no_tokenizer`; any error from reading the merges.
  func merges(for input: String) throws(Failure) -> MergeList {
    let folder = Self.folder(of: input)
    guard let path = tokenizer ?? MergeList.file(inFolder: folder) else {
      throw Failure(
        .badInput, code: "detector.no_tokenizer",
        "there is no tokenizer beside the checkpoint, which a detector needs to read words",
        hint: "download merges.txt or tokenizer.json of the model into \(folder), or name it with "
          + "--tokenizer FOLDER|FILE", file: input)
    }
    return try MergeList(path: path)
  }

  /// The `config.json` beside the checkpoint at `input`; nil if it does not exist.
  func published(for input: String) throws(Failure) -> PublishedConfiguration? {
    let path = Self.folder(of: input) + "/config.json"
    guard access(path, F_OK) == 0 else { return nil }
    do throws(Failure) {
      return try PublishedConfiguration(json: JSONValue(parsing: try MappedFile.open(path)))
    } catch {
      throw error.about(file: path)
    }
  }

  /// The folder that the checkpoint is, or that contains it.
  private static func folder(of input: String) -> String {
    var status = stat()
    if stat(input, &status) == 0, status.st_mode & S_IFMT == S_IFDIR { return input }
    guard let slash = input.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return slash == input.startIndex ? "/" : String(input[..<slash])
  }
}
