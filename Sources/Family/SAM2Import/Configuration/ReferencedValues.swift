import Bytes
import JSON

/// Values in a configuration that refer to other values: `${scratch.resolution}` is the value at
/// that path, as in OmegaConf.
struct ReferencedValues {
  private let document: JSONValue

  /// Limit on references that lead to other references, which are rare in well-meant files.
  private static let maximumDepth = 8

  init(_ document: JSONValue) { self.document = document }

  /// `value` with its references replaced by their values.
  ///
  /// References other than the path of a value, such as `${times:${a},2}`, are functions of a
  /// program: they stay text and are refused where a number is expected.
  /// - Throws: `config.reference` for a path that leads nowhere or in a circle.
  func resolved(_ value: JSONValue) throws(Failure) -> JSONValue {
    switch value {
    case .string(let text): return try resolved(text, depth: 0)
    case .array(let elements):
      var values: [JSONValue] = []
      for element in elements { values.append(try resolved(element)) }
      return .array(values)
    case .object(let members):
      var values: [(key: String, value: JSONValue)] = []
      for (key, member) in members { values.append((key, try resolved(member))) }
      return .object(values)
    case .null, .bool, .integer, .number: return value
    }
  }

  private func resolved(_ text: String, depth: Int) throws(Failure) -> JSONValue {
    guard let path = ReferencedValues.path(text) else { return .string(text) }
    var value: JSONValue? = document
    for key in path.split(separator: ".") { value = value?[String(key)] }
    guard let value, depth < ReferencedValues.maximumDepth else {
      throw Failure(
        .badInput, code: "config.reference",
        "the configuration refers to \(printable(text, limit: 80)), which "
          + (value == nil ? "it does not have" : "leads on and on"))
    }
    switch value {
    case .string(let next): return try resolved(next, depth: depth + 1)
    // References may only be to single settings; a tree could contain itself.
    case .object, .array: return .string(text)
    case .null, .bool, .integer, .number: return value
    }
  }

  /// The path in `${path}`; nil for other text.
  private static func path(_ text: String) -> Substring? {
    guard text.hasPrefix("${"), text.hasSuffix("}") else { return nil }
    let path = text.dropFirst(2).dropLast()
    let isPath = path.utf8.allSatisfy { byte in
      byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_") || (0x30...0x39).contains(byte)
        || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }
    return isPath && !path.isEmpty ? path : nil
  }
}
