import Bytes
import Tokenizer

/// The tokens of a text, padded to the length that a detector reads.
struct TextTokens {
  let tokens: [Int32]
  /// Position of the token whose features are the query: the first with the highest number, which
  /// is the end token.
  let end: Int

  /// Tokens are only a few bytes each, so a longer text has too many without being tokenized.
  private static let byteLimit = 16_384

  /// - Throws: `detect.text_empty`, `detect.text_utf8`, `detect.text_long`.
  init(_ text: String, _ tokenizer: BytePairTokenizer, limit: Int) throws(Failure) {
    guard text.unicodeScalars.contains(where: { !$0.properties.isWhitespace }) else {
      throw Failure(.badInput, code: "detect.text_empty", "a text to look for is empty")
    }
    guard !text.unicodeScalars.contains("\u{FFFD}") else {
      throw Failure(
        .badInput, code: "detect.text_utf8",
        "the text \"\(printable(text))\" is not UTF-8: it holds bytes that are not characters")
    }
    let found = text.utf8.count > Self.byteLimit ? nil : tokenizer.tokens(text)
    guard let found, found.count <= limit else {
      let count = found.map { "\($0.count)" } ?? "thousands of"
      throw Failure(
        .badInput, code: "detect.text_long",
        "the text \"\(printable(text, limit: 60))\" has \(count) tokens, and the detector reads "
          + "\(limit), the start and the end included",
        hint: "use fewer words")
    }
    tokens = found + [Int32](repeating: 0, count: limit - found.count)
    end = found.indices.max { (found[$0], -$0) < (found[$1], -$1) } ?? 0
  }
}
