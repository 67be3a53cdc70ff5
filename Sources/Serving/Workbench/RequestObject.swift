public import Bytes
public import JSON
public import SAM2

/// A JSON object sent by a client, read strictly: unknown members are refused, and null members
/// count as missing.
public struct RequestObject {
  private let json: JSONValue

  /// Checks that `json` is an object with no members other than `members`; nil allows any.
  /// - Throws: `json.type`, `json.member`.
  public init(_ json: JSONValue, members: Set<String>?) throws(Failure) {
    guard let object = json.object else {
      throw Failure(
        .badInput, code: "json.type", "an object is expected, not \(json.kindName)")
    }
    self.json = json
    guard let members else { return }
    for (key, _) in object where !members.contains(key) {
      throw Failure(
        .badInput, code: "json.member",
        "there is no member \"\(printable(key, limit: 80))\" here; there are "
          + members.sorted().joined(separator: ", "))
    }
  }

  /// The member `key`, unless it is missing or null.
  public func value(_ key: String) -> JSONValue? { json[key].flatMap { $0.isNull ? nil : $0 } }

  public func has(_ key: String) -> Bool { value(key) != nil }

  // MARK: - Scalars

  public func integer(_ key: String) throws(Failure) -> Int {
    guard let found = try optionalInteger(key) else { throw missing(key) }
    return found
  }

  public func optionalInteger(_ key: String) throws(Failure) -> Int? {
    try optional(key, "an integer", \.wholeNumber)
  }

  public func optionalNumber(_ key: String) throws(Failure) -> Double? {
    try optional(key, "a number", \.double)
  }

  public func string(_ key: String) throws(Failure) -> String {
    guard let found = try optionalString(key) else { throw missing(key) }
    return found
  }

  public func optionalString(_ key: String) throws(Failure) -> String? {
    try optional(key, "a string", \.string)
  }

  public func boolean(_ key: String, default preset: Bool) throws(Failure) -> Bool {
    try optional(key, "true or false", \.bool) ?? preset
  }

  public func optionalArray(_ key: String) throws(Failure) -> [JSONValue]? {
    try optional(key, "an array", \.array)
  }

  public func strings(_ key: String) throws(Failure) -> [String] {
    let elements = try optionalArray(key) ?? []
    let strings = elements.compactMap(\.string)
    guard strings.count == elements.count else { throw wrongType(key, "an array of strings") }
    return strings
  }

  private func optional<Value>(
    _ key: String, _ expected: String, _ convert: (JSONValue) -> Value?
  ) throws(Failure) -> Value? {
    guard let found = value(key) else { return nil }
    guard let converted = convert(found) else { throw wrongType(key, expected) }
    return converted
  }

  private func missing(_ key: String) -> Failure {
    Failure(.badInput, code: "json.missing", "the member \"\(key)\" is missing")
  }

  private func wrongType(_ key: String, _ expected: String) -> Failure {
    Failure(
      .badInput, code: "json.type",
      "\"\(key)\" must be \(expected), not \(value(key)?.shown ?? "missing")")
  }

  // MARK: - Prompts

  /// The members `points` and `labels`; without labels, all points are on the object.
  /// - Throws: `json.type`, `serve.points` if there are too many points or the number of labels
  ///   differs.
  public func points(limit: Int) throws(Failure) -> [Prompt.Point] {
    let places = try optionalArray("points") ?? []
    let labels = try optionalArray("labels") ?? places.map { _ in 1 }
    guard places.count == labels.count, places.count <= limit else {
      throw Failure(
        .badInput, code: "serve.points",
        "\(places.count) points have \(labels.count) labels; each needs one, and there can be "
          + "\(limit) points")
    }
    var points: [Prompt.Point] = []
    for (place, label) in zip(places, labels) {
      guard let numbers = numbers(place, count: 2) else {
        throw wrongType("points", "an array of [x, y] pairs")
      }
      guard let label = label.wholeNumber, (0...1).contains(label) else {
        throw wrongType("labels", "an array of 0 and 1")
      }
      points.append(Prompt.Point(x: numbers[0], y: numbers[1], label: label))
    }
    return points
  }

  /// The member `box`: [x0, y0, x1, y1].
  public func box(_ key: String = "box") throws(Failure) -> Prompt.Box? {
    guard let found = value(key) else { return nil }
    guard let numbers = numbers(found, count: 4) else {
      throw wrongType(key, "[x0, y0, x1, y1]")
    }
    return Prompt.Box(x0: numbers[0], y0: numbers[1], x1: numbers[2], y1: numbers[3])
  }

  /// The members `width` and `height`, the requested size of masks; nil if both are missing.
  /// - Throws: `json.type`; `serve.size` if only one is given or a size is out of range.
  public func size(limits: WorkLimits) throws(Failure) -> (width: Int, height: Int)? {
    let (width, height) = (try optionalInteger("width"), try optionalInteger("height"))
    guard width != nil || height != nil else { return nil }
    guard let width, let height, (1...65_500).contains(width), (1...65_500).contains(height),
      width * height <= limits.pixels
    else {
      throw Failure(
        .badInput, code: "serve.size",
        "\"width\" and \"height\" must both be given, with up to \(limits.pixels) pixels together")
    }
    return (width, height)
  }

  private func numbers(_ value: JSONValue, count: Int) -> [Float]? {
    guard let elements = value.array, elements.count == count else { return nil }
    let numbers = elements.compactMap { $0.double.map { Float($0) } }
    return numbers.count == count && numbers.allSatisfy(\.isFinite) ? numbers : nil
  }
}
