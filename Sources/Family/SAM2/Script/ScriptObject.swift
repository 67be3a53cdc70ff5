import Bytes
import JSON

/// A JSON object of an interaction script, read strictly: errors name the action and the member.
struct ScriptObject {
  private let json: JSONValue
  private let place: String

  /// Checks that `json` is an object with no members other than `members`; nil allows any.
  init(_ json: JSONValue, place: String, members: Set<String>? = nil) throws(Failure) {
    self.json = json
    self.place = place
    guard let object = json.object else {
      throw failure("script.type", "an object is expected, not \(json.kindName)")
    }
    guard let members else { return }
    for (key, _) in object where !members.contains(key) {
      throw failure(
        "script.member", "there is no member \"\(key)\" here; there are \(members.sorted())")
    }
  }

  func integer(_ key: String) throws(Failure) -> Int {
    try required(key, "an integer", \.wholeNumber)
  }

  /// nil when the member is missing or null.
  func optionalInteger(_ key: String) throws(Failure) -> Int? {
    guard let value = json[key], !value.isNull else { return nil }
    return try integer(key)
  }

  /// nil when the member is missing or null.
  func optionalNumber(_ key: String) throws(Failure) -> Float? {
    guard let value = json[key], !value.isNull else { return nil }
    return Float(try required(key, "a number", \.double))
  }

  /// A single text, or several different ones.
  func texts(_ key: String) throws(Failure) -> [String] {
    if let text = json[key]?.string { return [text] }
    let elements = try array(key)
    let texts = elements.compactMap(\.string)
    guard !texts.isEmpty, texts.count == elements.count, Set(texts).count == texts.count else {
      throw failure("script.type", "\"\(key)\" must be words, or an array of different ones")
    }
    return texts
  }

  func string(_ key: String) throws(Failure) -> String {
    try required(key, "a string", \.string)
  }

  /// nil when the member is missing or null.
  func optionalString(_ key: String) throws(Failure) -> String? {
    guard let value = json[key], !value.isNull else { return nil }
    return try string(key)
  }

  func boolean(_ key: String, default preset: Bool) throws(Failure) -> Bool {
    guard let value = json[key], !value.isNull else { return preset }
    return try required(key, "true or false", \.bool)
  }

  func array(_ key: String) throws(Failure) -> [JSONValue] {
    try required(key, "an array", \.array)
  }

  /// The members `points` and `labels`; both may be missing, but not just one of them.
  func points() throws(Failure) -> [Prompt.Point] {
    let places = try optionalArray("points")
    let labels = try optionalArray("labels")
    guard places.count == labels.count else {
      throw failure(
        "script.labels", "\(places.count) points have \(labels.count) labels; each needs one")
    }
    var points: [Prompt.Point] = []
    for (place, label) in zip(places, labels) {
      guard let numbers = numbers(place, count: 2) else {
        throw failure("script.type", "\"points\" holds [x, y] pairs; one is \(place.shown)")
      }
      guard let label = label.wholeNumber else {
        throw failure("script.type", "\"labels\" holds integers; one is \(label.shown)")
      }
      points.append(Prompt.Point(x: numbers[0], y: numbers[1], label: label))
    }
    return points
  }

  /// The member `box`: nil when it is missing or null.
  func box() throws(Failure) -> Prompt.Box? {
    guard let value = json["box"], !value.isNull else { return nil }
    guard let numbers = numbers(value, count: 4) else {
      throw failure("script.type", "\"box\" must be [x0, y0, x1, y1]")
    }
    return Prompt.Box(x0: numbers[0], y0: numbers[1], x1: numbers[2], y1: numbers[3])
  }

  private func optionalArray(_ key: String) throws(Failure) -> [JSONValue] {
    guard let value = json[key], !value.isNull else { return [] }
    return try array(key)
  }

  private func numbers(_ value: JSONValue, count: Int) -> [Float]? {
    let numbers = value.array?.compactMap { $0.double.map { Float($0) } } ?? []
    return numbers.count == count && value.array?.count == count ? numbers : nil
  }

  private func required<T>(
    _ key: String, _ expected: String, _ convert: (JSONValue) -> T?
  ) throws(Failure) -> T {
    guard let value = json[key] else {
      throw failure("script.missing", "the member \"\(key)\" is missing")
    }
    guard let converted = convert(value) else {
      throw failure("script.type", "\"\(key)\" must be \(expected), not \(value.shown)")
    }
    return converted
  }

  func failure(_ code: String, _ message: String) -> Failure {
    Failure(.badInput, code: code, message, place: place)
  }
}
