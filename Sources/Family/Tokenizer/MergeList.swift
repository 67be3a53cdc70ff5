public import Bytes

/// The pairs of tokens that a byte-pair tokenizer joins, most important first.
///
/// Merge `n` gives token 512 + n. The tokens before the merges are the bytes (`ByteAlphabet`);
/// those after them are the start and the end of a text.
public struct MergeList: Sendable, Equatable {
  struct Pair: Hashable {
    var left: Int32
    var right: Int32
  }

  let pairs: [Pair]

  public var count: Int { pairs.count }
  /// Number of tokens, including the start and the end of a text.
  public var vocabularyCount: Int { MergeList.firstMerge + count + 2 }

  static let firstMerge = 512
  /// Far more than any vocabulary has.
  public static let maximumCount = 1 << 20

  /// The merges in a text that has one per line, like `merges.txt` of Hugging Face and
  /// `bpe_simple_vocab_16e6.txt` of CLIP: two tokens separated by a space, in characters of the
  /// byte alphabet, with `</w>` at the end of a word.
  ///
  /// A first line that begins with `#version` or `"bpe_simple_vocab` is skipped, as are empty lines
  /// at the end. CLIP's own file is longer than its vocabulary; `limit` is how many merges count.
  /// - Throws: `tokenizer.text`, `tokenizer.merge` naming the line.
  public init(text: String, limit: Int = MergeList.maximumCount) throws(Failure) {
    var lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      .map { Substring($0) }
    let isHeader = lines.first.map { $0.hasPrefix("#version") || $0.hasPrefix("\"bpe_simple") }
    let first = isHeader == true ? 1 : 0
    lines.removeFirst(first)
    while lines.last?.utf8.allSatisfy({ $0 == UInt8(ascii: "\r") }) == true { lines.removeLast() }
    var builder = MergeBuilder()
    for (index, line) in lines.prefix(limit).enumerated() {
      let trimmed = line.utf8.last == UInt8(ascii: "\r") ? line.dropLast() : line
      try builder.add(trimmed, place: "line \(index + first + 1)")
    }
    try self.init(builder.pairs)
  }

  /// The merges in these lines, or in pairs joined by a space, as in a `tokenizer.json`.
  /// - Throws: `tokenizer.merge` naming the entry.
  init(lines: [String]) throws(Failure) {
    var builder = MergeBuilder()
    for (index, line) in lines.enumerated() {
      try builder.add(Substring(line), place: "merge \(index)")
    }
    try self.init(builder.pairs)
  }

  private init(_ pairs: [Pair]) throws(Failure) {
    guard !pairs.isEmpty else {
      throw Failure(
        .badInput, code: "tokenizer.text", "there are no merges of a byte-pair tokenizer",
        hint: "give merges.txt or tokenizer.json of the model")
    }
    self.pairs = pairs
  }

  /// The text from which `init(text:)` makes the same list.
  public var text: String {
    var spellings = MergeBuilder.byteSpellings
    spellings.reserveCapacity(vocabularyCount)
    var text = ""
    for pair in pairs {
      let (left, right) = (spellings[Int(pair.left)], spellings[Int(pair.right)])
      text += "\(left) \(right)\n"
      spellings.append(left + right)
    }
    return text
  }
}

/// Collects merges and the tokens that they form.
private struct MergeBuilder {
  private(set) var pairs: [MergeList.Pair] = []
  /// Keyed by UTF-8 bytes: Swift strings with different bytes may be equal under Unicode.
  private var tokens: [[UInt8]: Int32] = [:]

  /// The spellings of tokens 0 to 511.
  static let byteSpellings: [String] = {
    var characters: [UInt8: String] = [:]
    for (scalar, byte) in ByteAlphabet.bytes { characters[byte] = String(scalar) }
    let letters = ByteAlphabet.order.map { characters[$0] ?? "" }
    return letters + letters.map { $0 + "</w>" }
  }()

  init() {
    for (token, spelling) in Self.byteSpellings.enumerated() {
      tokens[Array(spelling.utf8)] = Int32(token)
    }
  }

  mutating func add(_ line: Substring, place: String) throws(Failure) {
    let parts = line.utf8.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
    guard parts.count == 2, let left = tokens[Array(parts[0])], let right = tokens[Array(parts[1])]
    else {
      throw Failure(
        .badInput, code: "tokenizer.merge",
        "\"\(printable(String(line), limit: 40))\" is not a pair of known tokens", place: place,
        hint: "give merges.txt or tokenizer.json of the model, unchanged")
    }
    guard pairs.count < MergeList.maximumCount else {
      throw Failure(
        .badInput, code: "tokenizer.merge",
        "there are more than \(MergeList.maximumCount) merges", place: place)
    }
    let token = Int32(MergeList.firstMerge + pairs.count)
    guard tokens.updateValue(token, forKey: Array(parts[0]) + Array(parts[1])) == nil else {
      throw Failure(
        .badInput, code: "tokenizer.merge",
        "\"\(printable(String(line), limit: 40))\" makes a token that another merge makes too",
        place: place)
    }
    pairs.append(MergeList.Pair(left: left, right: right))
  }
}
