internal import Bytes

/// A JSON document (RFC 8259) that distinguishes integers from other numbers and keeps members in
/// order.
public enum JSONValue: Sendable {
  case null
  case bool(Bool)
  /// A number written without fraction or exponent; exact.
  case integer(Int64)
  /// Any other number; always finite if it was parsed.
  case number(Double)
  case string(String)
  case array([JSONValue])
  /// Members in the order of the text. Keys are distinct if it was parsed.
  case object([(key: String, value: JSONValue)])
}

// MARK: - Accessors

extension JSONValue {
  /// The member `key` of an object; nil when this is not an object or has no such member.
  ///
  /// Takes time proportional to the number of members.
  public subscript(key: String) -> JSONValue? { object?.first { $0.key == key }?.value }

  /// Element `index` of an array; nil when this is not an array or has no such element.
  public subscript(index: Int) -> JSONValue? {
    guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
    return elements[index]
  }

  public var isNull: Bool { if case .null = self { true } else { false } }
  public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
  public var string: String? { if case .string(let value) = self { value } else { nil } }
  public var array: [JSONValue]? { if case .array(let value) = self { value } else { nil } }

  /// The members of an object, in order.
  public var object: [(key: String, value: JSONValue)]? {
    if case .object(let value) = self { value } else { nil }
  }

  /// An integer; 3.0 and 1e2 are not integers.
  public var int: Int? { if case .integer(let value) = self { Int(value) } else { nil } }

  /// An integer, including one written with a zero fraction, as NumPy writes labels: 1.0.
  public var wholeNumber: Int? {
    switch self {
    case .integer(let value): Int(value)
    case .number(let value): Int(exactly: value)
    case .null, .bool, .string, .array, .object: nil
    }
  }

  /// Any number.
  ///
  /// Integers beyond 2^53 are rounded.
  public var double: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    case .null, .bool, .string, .array, .object: nil
    }
  }

  /// For messages, the value itself if it is short, else its kind: `1.5`, `"one"`, `an array`.
  public var shown: String {
    switch self {
    case .null, .bool, .integer, .number: text()
    case .string(let value): value.count <= 40 ? "\"\(printable(value))\"" : kindName
    case .array, .object: kindName
    }
  }

  /// The kind of value, for messages.
  public var kindName: String {
    switch self {
    case .null: "null"
    case .bool: "a boolean"
    case .integer: "an integer"
    case .number: "a number"
    case .string: "a string"
    case .array: "an array"
    case .object: "an object"
    }
  }
}

// MARK: - Equality

extension JSONValue: Equatable {
  /// Objects are equal when they hold equal members in the same order.
  public static func == (a: JSONValue, b: JSONValue) -> Bool {
    switch (a, b) {
    case (.null, .null): true
    case (.bool(let a), .bool(let b)): a == b
    case (.integer(let a), .integer(let b)): a == b
    case (.number(let a), .number(let b)): a == b
    case (.string(let a), .string(let b)): a == b
    case (.array(let a), .array(let b)): a == b
    case (.object(let a), .object(let b)):
      a.elementsEqual(b) { $0.key == $1.key && $0.value == $1.value }
    default: false
    }
  }
}

// MARK: - Literals

// Not `ExpressibleByNilLiteral`: a `nil` meant as a missing value would silently become `.null`.
extension JSONValue: ExpressibleByBooleanLiteral,
  ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByStringInterpolation,
  ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  public init(integerLiteral value: Int64) { self = .integer(value) }
  public init(floatLiteral value: Double) { self = .number(value) }
  public init(stringLiteral value: String) { self = .string(value) }
  public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
  public init(dictionaryLiteral elements: (String, JSONValue)...) {
    self = .object(elements.map { (key: $0.0, value: $0.1) })
  }

  /// An integer.
  public init(_ value: Int) { self = .integer(Int64(value)) }
  /// A number.
  public init(_ value: Double) { self = .number(value) }
  /// A number.
  ///
  /// It is written as the shortest text for the double that equals it.
  public init(_ value: Float) { self = .number(Double(value)) }
  /// A string.
  public init(_ value: String) { self = .string(value) }
  /// A boolean.
  public init(_ value: Bool) { self = .bool(value) }
}
