import Bytes
import JSON

// How a failure crosses from the child to its parent: one line of JSON.

extension Failure {
  private static let kindNames: [(kind: Kind, name: String)] = [
    (.usage, "usage"), (.badInput, "bad_input"), (.missingInput, "missing_input"),
    (.internalError, "internal"), (.cannotCreate, "cannot_create"),
    (.outputExists, "output_exists"), (.inputOutput, "input_output"), (.writing, "writing"),
  ]

  private static let codeBytes = Set("abcdefghijklmnopqrstuvwxyz0123456789._".utf8)

  /// The failure for the other side.
  var json: JSONValue {
    let kindName = Failure.kindNames.first { $0.kind == kind }?.name ?? ""
    return .object([
      ("kind", .string(kindName)), ("code", .string(code)), ("message", .string(message)),
      ("place", place.map { .string($0) } ?? .null), ("hint", hint.map { .string($0) } ?? .null),
    ])
  }

  /// The failure in the last line of `bytes`; nil when there is none.
  ///
  /// Unprintable characters are replaced, and codes are restricted to the form of codes, because
  /// the child is not trusted.
  init?(childOutput bytes: [UInt8]) {
    var limits = JSONLimits()
    limits.byteCount = 1 << 16
    guard let line = bytes.split(separator: UInt8(ascii: "\n")).last,
      let json = try? JSONValue(parsing: Array(line), limits: limits),
      let kind = Failure.kindNames.first(where: { $0.name == json["kind"]?.string })?.kind,
      let code = json["code"]?.string, let message = json["message"]?.string,
      code.utf8.count <= 40, code.split(separator: ".").count == 2,
      code.utf8.allSatisfy(Failure.codeBytes.contains)
    else { return nil }
    self.init(
      kind, code: code, printable(message, limit: 400),
      place: json["place"]?.string.map { printable($0, limit: 200) },
      hint: json["hint"]?.string.map { printable($0, limit: 200) })
  }
}
