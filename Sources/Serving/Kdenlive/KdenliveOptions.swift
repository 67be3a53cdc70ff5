public import Bytes
public import SAM2

/// The options of Kdenlive's object mask, as given at the start and in each request.
///
/// Lists are given by frame: `-P "0=200,250,300,255;100=10,50"` is two points on frame 0 and one on
/// 100.
public struct KdenliveOptions: Sendable, Equatable {
  /// A colour with its opacity.
  public struct Colour: Sendable, Equatable {
    public var red: UInt8
    public var green: UInt8
    public var blue: UInt8
    public var alpha: UInt8
  }

  /// The folder with frames N.jpg.
  public var frames = "/tmp/src-frames"
  /// The folder for previews.
  public var output = "/tmp/"
  public var model: String?
  public var config: String?
  public var previewFrame = -1
  public var points: [Int: [Prompt.Point]] = [:]
  public var boxes: [Int: Prompt.Box] = [:]
  public var colour = Colour(red: 255, green: 100, blue: 100, alpha: 180)
  public var borderColour = Colour(red: 255, green: 100, blue: 100, alpha: 100)
  public var border = 0

  /// Short and long option names, and the names used here.
  private static let names: [String: String] = [
    "-P": "points", "--point_coordinates": "points", "-L": "labels", "--labels": "labels",
    "-B": "boxes", "--box_coordinates": "boxes", "-F": "frame", "--preview_frame": "frame",
    "-I": "input", "--inputFolder": "input", "-O": "output", "--output": "output",
    "-M": "model", "--model": "model", "-C": "config", "--config": "config",
    "-D": "device", "--device": "device", "--color": "color", "--bordercolor": "bordercolor",
    "--border": "border", "--offload": "offload",
  ]

  /// Reads the words of a command line.
  /// - Throws: `kdenlive.option` for an option that does not exist or makes no sense.
  public init(_ words: [String]) throws(Failure) {
    var values: [String: String] = [:]
    var rest = words[...]
    while let word = rest.popFirst() {
      // Long options may also be given as --name=value.
      let sides = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let isJoined = word.hasPrefix("--") && sides.count == 2
      guard let name = Self.names[isJoined ? String(sides[0]) : word] else {
        throw Self.wrong("there is no option \(printable(word, limit: 60))")
      }
      if name == "offload" { continue }
      guard let value = isJoined ? String(sides[1]) : rest.popFirst() else {
        throw Self.wrong("\(word) needs a value")
      }
      values[name] = value
    }
    try take(values)
  }

  private mutating func take(_ values: [String: String]) throws(Failure) {
    frames = values["input"] ?? frames
    output = values["output"] ?? output
    (model, config) = (values["model"], values["config"])
    if let text = values["frame"] { previewFrame = try Self.number(text, "frame") }
    if let text = values["border"] { border = max(0, try Self.number(text, "border")) }
    if let text = values["color"] { colour = try Self.colour(text) }
    if let text = values["bordercolor"] { borderColour = try Self.colour(text) }
    if let text = values["points"] { try takePoints(text, labels: values["labels"] ?? "") }
    if let text = values["boxes"] {
      for (frame, numbers) in try Self.lists(text) {
        guard numbers.count == 4 else { throw Self.wrong("a box has four numbers") }
        boxes[frame] = Prompt.Box(
          x0: numbers[0], y0: numbers[1], x1: numbers[2], y1: numbers[3])
      }
    }
  }

  private mutating func takePoints(_ text: String, labels: String) throws(Failure) {
    let labels = try Self.lists(labels)
    for (frame, numbers) in try Self.lists(text) {
      let kinds = labels[frame] ?? []
      guard numbers.count == 2 * kinds.count else {
        throw Self.wrong(
          "frame \(frame) has \(numbers.count) coordinates and \(kinds.count) labels")
      }
      points[frame] = kinds.indices.map { index in
        Prompt.Point(
          x: numbers[2 * index], y: numbers[2 * index + 1], label: kinds[index] > 0 ? 1 : 0)
      }
    }
  }

  // MARK: - Values

  /// Reads numbers by frame.
  private static func lists(_ text: String) throws(Failure) -> [Int: [Float]] {
    var lists: [Int: [Float]] = [:]
    for part in text.split(separator: ";") {
      let sides = part.split(separator: "=", maxSplits: 1)
      guard sides.count == 2, let frame = Int(sides[0]), frame >= 0 else {
        throw wrong("a list is FRAME=numbers, not \(printable(String(part), limit: 60))")
      }
      let words = sides[1].split(separator: ",")
      let numbers = words.compactMap { Float($0) }
      guard numbers.count == words.count, numbers.allSatisfy(\.isFinite) else {
        throw wrong("\(printable(String(sides[1]), limit: 60)) are not all numbers")
      }
      lists[frame] = numbers
    }
    return lists
  }

  private static func number(_ text: String, _ name: String) throws(Failure) -> Int {
    guard let number = Int(text) else {
      throw wrong("the \(name) is a number, not \(printable(text, limit: 60))")
    }
    return number
  }

  private static func colour(_ text: String) throws(Failure) -> Colour {
    let parts = text.split(separator: ",").compactMap { UInt8($0) }
    guard parts.count == 4 else {
      throw wrong("a colour is red,green,blue,alpha, not \(printable(text, limit: 60))")
    }
    return Colour(red: parts[0], green: parts[1], blue: parts[2], alpha: parts[3])
  }

  private static func wrong(_ what: String) -> Failure {
    Failure(.usage, code: "kdenlive.option", what)
  }
}
