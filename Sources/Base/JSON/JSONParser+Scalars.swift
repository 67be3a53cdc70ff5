import Bytes

// Numbers and strings.

extension JSONParser {
  /// number = [ "-" ] int [ frac ] [ exp ], where int has no leading zeros.
  mutating func parseNumber() throws(Failure) -> JSONValue {
    let start = position
    let isNegative = peek() == UInt8(ascii: "-")
    if isNegative { position += 1 }
    let firstDigit = peek()
    let integerDigits = skipDigits()
    guard integerDigits > 0 else {
      throw failure("json.number", "a digit is expected here", .malformedNumber)
    }
    if firstDigit == UInt8(ascii: "0"), integerDigits > 1 {
      position = start
      throw failure("json.number", "a number has a leading zero", .malformedNumber)
    }
    var isInteger = true
    if peek() == UInt8(ascii: ".") {
      isInteger = false
      position += 1
      guard skipDigits() > 0 else {
        throw failure("json.number", "a digit is expected here", .malformedNumber)
      }
    }
    if let byte = peek(), byte | 0x20 == UInt8(ascii: "e") {
      isInteger = false
      position += 1
      if let sign = peek(), sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { position += 1 }
      guard skipDigits() > 0 else {
        throw failure("json.number", "a digit is expected here", .malformedNumber)
      }
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if isInteger, let value = Int64(text) {
      // Minus zero is a float; an integer would lose its sign.
      return value == 0 && isNegative ? .number(-0.0) : .integer(value)
    }
    guard !isInteger, let value = Double(text), value.isFinite else {
      position = start
      throw failure(
        "json.number", "the number \(printable(text)) is too large to keep exactly",
        .malformedNumber)
    }
    return .number(value)
  }

  private mutating func skipDigits() -> Int {
    let start = position
    while let byte = peek(), byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") { position += 1 }
    return position - start
  }

  /// Parses the string whose opening quote is at `position`.
  mutating func parseString() throws(Failure) -> String {
    position += 1
    var text: [UInt8] = []
    while let byte = peek() {
      switch byte {
      case UInt8(ascii: "\""):
        guard let string = String(validating: text, as: UTF8.self) else {
          throw failure("json.utf8", "the string that ends here is not UTF-8")
        }
        position += 1
        return string
      case UInt8(ascii: "\\"):
        position += 1
        try parseEscape(into: &text)
      case 0x00...0x1F:
        throw failure("json.string", "a control character in a string must be escaped")
      default:
        text.append(byte)
        position += 1
      }
    }
    throw failure("json.syntax", "the text ends inside a string")
  }

  private mutating func parseEscape(into text: inout [UInt8]) throws(Failure) {
    guard let byte = peek() else { throw failure("json.syntax", "the text ends inside a string") }
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0C)
    case UInt8(ascii: "n"): text.append(0x0A)
    case UInt8(ascii: "r"): text.append(0x0D)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"):
      position += 1
      let scalar = try parseEscapedScalar()
      text.append(contentsOf: String(Character(scalar)).utf8)
      return
    default: throw failure("json.string", "unknown escape in a string")
    }
    position += 1
  }

  /// Parses the code point of `\uXXXX`, or of a pair of them for one beyond the basic plane.
  private mutating func parseEscapedScalar() throws(Failure) -> Unicode.Scalar {
    let first = try parseFourHexDigits()
    if let scalar = Unicode.Scalar(first) { return scalar }
    guard first < 0xDC00, peek() == UInt8(ascii: "\\") else {
      throw failure("json.string", "half of a surrogate pair without the other")
    }
    position += 1
    guard peek() == UInt8(ascii: "u") else {
      throw failure("json.string", "half of a surrogate pair without the other")
    }
    position += 1
    let second = try parseFourHexDigits()
    guard (0xDC00...0xDFFF).contains(second),
      let scalar = Unicode.Scalar(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00))
    else { throw failure("json.string", "half of a surrogate pair without the other") }
    return scalar
  }

  private mutating func parseFourHexDigits() throws(Failure) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = peek(), byte < 0x80,
        let digit = Character(Unicode.Scalar(byte)).hexDigitValue
      else { throw failure("json.string", "four hexadecimal digits are expected after \\u") }
      value = value << 4 | UInt32(digit)
      position += 1
    }
    return value
  }
}
