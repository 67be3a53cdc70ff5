import Bytes

/// Files embedded in JSON: base64, with or without the head of a `data:` address.
enum DataAddress {
  /// - Throws: `serve.base64`; `serve.too_large`.
  static func bytes(_ text: String, limit: Int) throws(Failure) -> [UInt8] {
    var code = text[...]
    if text.hasPrefix("data:") {
      guard let comma = text.firstIndex(of: ","), text[..<comma].hasSuffix(";base64") else {
        throw failure
      }
      code = text[comma...].dropFirst()
    }
    guard code.utf8.count / 4 * 3 <= limit + 3 else {
      throw Failure(
        .badInput, code: "serve.too_large",
        "the picture has more bytes than the limit of \(limit)", hint: "make it smaller")
    }
    guard let bytes = Base64.decode(code), !bytes.isEmpty else { throw failure }
    return bytes
  }

  private static let failure = Failure(
    .badInput, code: "serve.base64", "a picture is expected as base64",
    hint: "data:image/png;base64,… or the code alone")
}
