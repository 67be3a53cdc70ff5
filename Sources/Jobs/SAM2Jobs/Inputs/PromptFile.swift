public import Bytes
public import JSON
import JobSupport
public import SAM2

/// A prompt as given by a person, before the picture is known.
public struct RequestedPrompt: Sendable {
  /// The object's number in label pictures and reports.
  public var object: Int
  /// Whether a person gave the number, in which case it also selects an object in a mask file.
  public var hasGivenNumber = false
  public var points: [Prompt.Point] = []
  public var box: Prompt.Box?
  public var maskFile: String?
  /// Whether three candidates are requested; nil leaves the choice to the command.
  public var multimask: Bool?
  /// Index of the object's class among the annotation categories.
  public var category = 0
  /// Whether the object comes from examples, with no prompt on the picture itself.
  public var isFoundByExample = false
  /// The name of the object, or nil if a person pointed at it.
  public var label: String?
  /// The detector's score for the object, 0...1; nil without a detector.
  public var score: Double?

  public init(
    object: Int, points: [Prompt.Point] = [], box: Prompt.Box? = nil, maskFile: String? = nil,
    multimask: Bool? = nil
  ) {
    self.object = object
    self.points = points
    self.box = box
    self.maskFile = maskFile
    self.multimask = multimask
  }
}

/// Several prompts in one JSON file.
///
///     {"prompts": [{"points": [[210, 350]], "labels": [1], "box": null, "multimask": true}]}
///
/// `labels` may be omitted (all 1). `object` numbers the prompt, by default 1, 2 and so on; `mask`
/// names a mask prompt, relative to the file's folder.
public enum PromptFile {
  private static let members: Set<String> = [
    "points", "labels", "box", "mask", "multimask", "object",
  ]

  /// Reads the file at `path`.
  /// - Throws: `file.*`, `json.*`, `prompts.*`; the place names the prompt.
  public static func read(_ path: String) throws(Failure) -> [RequestedPrompt] {
    do throws(Failure) {
      let json = try JSONValue(parsing: MappedFile.open(path))
      return try prompts(json.requiredArray("prompts"), folder: folderName(path))
    } catch {
      throw error.about(file: path)
    }
  }

  /// Reads a list of prompts; paths of mask prompts are relative to `folder`.
  /// - Throws: `json.*`, `prompts.*`; the place names the prompt.
  public static func prompts(
    _ list: [JSONValue], folder: String
  ) throws(Failure) -> [RequestedPrompt] {
    guard !list.isEmpty else {
      throw Failure(.badInput, code: "prompts.empty", "there are no prompts")
    }
    var prompts: [RequestedPrompt] = []
    for (index, element) in list.enumerated() {
      do throws(Failure) {
        prompts.append(try prompt(element, number: index + 1, folder: folder))
      } catch var failure {
        failure.place = "prompts[\(index)]" + (failure.place.map { ", \($0)" } ?? "")
        throw failure
      }
    }
    return prompts
  }

  private static func prompt(
    _ json: JSONValue, number: Int, folder: String
  ) throws(Failure) -> RequestedPrompt {
    guard let object = json.object else {
      throw failure("prompts.type", "an object is expected, not \(json.kindName)")
    }
    for (key, _) in object where !members.contains(key) {
      throw failure(
        "prompts.member", "there is no member \"\(printable(key))\"; there are \(members.sorted())")
    }
    var prompt = RequestedPrompt(object: number)
    if let value = given("object", json) {
      prompt.object = try integer(value, "object")
      prompt.hasGivenNumber = true
    }
    prompt.points = try points(json)
    if let value = given("box", json) {
      guard let box = numbers(value, count: 4) else {
        throw failure("prompts.type", "\"box\" must be [x0, y0, x1, y1]")
      }
      prompt.box = Prompt.Box(x0: box[0], y0: box[1], x1: box[2], y1: box[3])
    }
    if given("mask", json) != nil {
      let name = try json.requiredString("mask")
      prompt.maskFile = name.hasPrefix("/") ? name : "\(folder)/\(name)"
    }
    if given("multimask", json) != nil { prompt.multimask = try json.requiredBool("multimask") }
    return prompt
  }

  private static func points(_ json: JSONValue) throws(Failure) -> [Prompt.Point] {
    let places = given("points", json) == nil ? [] : try json.requiredArray("points")
    var labels = [Int](repeating: 1, count: places.count)
    if given("labels", json) != nil { labels = try json.requiredWholeNumbers("labels") }
    guard labels.count == places.count else {
      throw failure(
        "prompts.labels", "\(places.count) points have \(labels.count) labels; each needs one")
    }
    var points: [Prompt.Point] = []
    for (place, label) in zip(places, labels) {
      guard let numbers = numbers(place, count: 2) else {
        throw failure("prompts.type", "\"points\" holds [x, y] pairs; one is \(place.shown)")
      }
      points.append(Prompt.Point(x: numbers[0], y: numbers[1], label: label))
    }
    return points
  }

  // MARK: - Values

  /// The member `key`, or nil if it is missing or null.
  private static func given(_ key: String, _ json: JSONValue) -> JSONValue? {
    json[key].flatMap { $0.isNull ? nil : $0 }
  }

  private static func integer(_ value: JSONValue, _ key: String) throws(Failure) -> Int {
    guard let integer = value.wholeNumber else {
      throw failure("prompts.type", "\"\(key)\" must be an integer, not \(value.shown)")
    }
    return integer
  }

  private static func numbers(_ value: JSONValue, count: Int) -> [Float]? {
    guard let elements = value.array, elements.count == count else { return nil }
    let numbers = elements.compactMap { $0.double.map { Float($0) } }
    return numbers.count == count ? numbers : nil
  }

  private static func failure(_ code: String, _ message: String) -> Failure {
    Failure(.badInput, code: code, message)
  }
}
