import Bytes
import JSON

/// JSON as safetensors files use it: parsed strictly, refused under this room's codes.
enum StrictJSON {
  /// The object that `bytes` hold; `origin` is where they start in the file.
  ///
  /// - Throws: `st.json`, `st.duplicate_key`, `st.json_number`.
  static func object(
    _ bytes: [UInt8], origin: Int, limit: Int
  ) throws(Failure) -> [(key: String, value: JSONValue)] {
    guard bytes.first == UInt8(ascii: "{") else {
      throw Failure(
        .badInput, code: "st.json", "the header does not begin with {", place: "byte \(origin)")
    }
    var limits = JSONLimits()
    limits.byteCount = limit
    // A header's deepest value is the list of sizes of a tensor.
    limits.depth = 4
    // 100,000 tensors of eight axes have fewer values.
    limits.valueCount = 1_500_000
    let value: JSONValue
    do {
      value = try JSONValue(parsing: bytes, limits: limits)
    } catch {
      var failure = error
      failure.code =
        switch error.cause {
        case .duplicateKey: "st.duplicate_key"
        case .malformedNumber: "st.json_number"
        default: "st.json"
        }
      failure.place = error.place.map { "\($0) of the JSON text, which starts at \(origin)" }
      throw failure
    }
    guard let members = value.object else {
      throw Failure(.badInput, code: "st.json", "the JSON text is \(value.kindName), not an object")
    }
    return members
  }

  /// The numbers of a list: integers that are not negative.
  ///
  /// - Throws: `st.json_number` for numbers that are not written as integers, else `code`.
  static func counts(
    _ value: JSONValue?, _ what: String, code: String, place: String
  ) throws(Failure) -> [Int] {
    guard let elements = value?.array else {
      throw Failure(
        .badInput, code: code,
        "the \(what) must be a list of integers, not \(value?.kindName ?? "missing")",
        place: place)
    }
    var counts: [Int] = []
    for element in elements {
      if case .number = element {
        throw Failure(
          .badInput, code: "st.json_number",
          "the \(what) hold \(element), which is not written as an integer", place: place)
      }
      guard let count = element.int, count >= 0 else {
        throw Failure(
          .badInput, code: code,
          "the \(what) must be integers from 0 on, not \(printable(element.text()))",
          place: place)
      }
      counts.append(count)
    }
    return counts
  }
}
