import ArgumentParser
import Bytes
import SAM2
import SAM2Jobs

/// The prompt options of `sam2 track`.
struct TrackPrompts: ParsableArguments {
  @Option(
    name: .customLong("object"), parsing: .unconditionalSingleValue,
    help: "Number of the object that the following prompts are about, 1 to 255.")
  var objects: [Int] = []

  @Option(
    name: .customLong("frame"), parsing: .unconditionalSingleValue,
    help: "Frame that the following prompts are about, from 0.")
  var frames: [Int] = []

  @Option(
    name: .customLong("point"), parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "A click; label 1 (default) is on the object, 0 beside it. Repeatable.",
      valueName: "x,y[,label]"))
  var points: [PointArgument] = []

  @Option(
    name: .customLong("box"), parsing: .unconditionalSingleValue,
    help: ArgumentHelp("A box around the object.", valueName: "x0,y0,x1,y1"))
  var boxes: [BoxArgument] = []

  @Option(
    name: .customLong("mask-prompt"),
    help: ArgumentHelp(
      "The object's mask, a picture; without --object each label in it is an object.",
      valueName: "file"))
  var masks: [String] = []

  @OptionGroup var maskOptions: MaskOptions

  @Option(
    name: .customLong("script"),
    help: ArgumentHelp("An interaction script instead of prompts.", valueName: "file.json"))
  var scripts: [String] = []

  @Option(
    name: .customLong("text"), parsing: .upToNextOption,
    help: ArgumentHelp(
      "One or more words or phrases for the objects; a detector finds them on the first frame that "
        + "shows any.", valueName: "words"))
  var texts: [String] = []

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Look again for the words of --text every N frames, and track new objects.",
      valueName: "n"))
  var detectEvery: Int?

  @OptionGroup var detections: DetectionArguments

  /// Whether there are no prompts at all.
  var isEmpty: Bool { scripts.isEmpty && !isGivenHere && texts.isEmpty }

  private var isGivenHere: Bool { !points.isEmpty || !boxes.isEmpty || !masks.isEmpty }

  func validate() throws {
    try validateTexts(
      isAlone: !isGivenHere && scripts.isEmpty && objects.isEmpty && frames.isEmpty)
    if scripts.count > 1 {
      throw ValidationError("--script is given \(scripts.count) times; a job plays one script")
    }
    if !scripts.isEmpty && (isGivenHere || !objects.isEmpty || !frames.isEmpty) {
      throw ValidationError("--script excludes all other prompt options")
    }
  }

  private func validateTexts(isAlone: Bool) throws {
    guard !texts.isEmpty else {
      if detectEvery != nil { throw ValidationError("--detect-every is about what --text finds") }
      // A script may search for words too.
      if scripts.isEmpty { try detections.refuse() }
      return
    }
    guard isAlone else { throw ValidationError("--text excludes all other prompt options") }
    if Set(texts).count < texts.count { throw ValidationError("a text is given more than once") }
    if let detectEvery, detectEvery < 1 {
      throw ValidationError("--detect-every must be 1 or more")
    }
  }

  /// The search for the words given in --text; nil without any.
  private var search: InteractionScript.Search? {
    guard !texts.isEmpty else { return nil }
    var search = InteractionScript.Search(texts: texts, interval: detectEvery)
    let options = detections.options
    search.threshold = options.threshold
    search.suppression = options.suppression
    search.maximumCount = options.maximumCount
    return search
  }

  /// The actions, from the script or the options.
  ///
  /// The parser does not keep the relative order of different options, so the order comes from
  /// `arguments`, the whole command line, whose values the parser has already accepted.
  func plan(arguments: [String], _ reading: InputReading) throws(Failure) -> TrackPlan {
    if let script = scripts.first { return try TrackPlan(scriptFile: script) }
    if let search { return TrackPlan(script: .tracking(search), masks: [:]) }
    var builder = TrackPlanBuilder()
    builder.reading = reading
    var rest = arguments.dropFirst()[...]
    while let word = rest.popFirst(), word != "--" {
      let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard let option = OrderedOption(rawValue: String(parts[0])) else { continue }
      guard let value = parts.count == 2 ? String(parts[1]) : rest.popFirst() else { break }
      try option.apply(value, to: &builder)
    }
    return builder.plan
  }
}

/// The options whose order matters.
private enum OrderedOption: String {
  case object = "--object"
  case frame = "--frame"
  case point = "--point"
  case box = "--box"
  case mask = "--mask-prompt"

  func apply(_ value: String, to builder: inout TrackPlanBuilder) throws(Failure) {
    switch self {
    case .object: builder.object = Int(value)
    case .frame: builder.frame = Int(value) ?? 0
    case .point:
      if let point = PointArgument(argument: value)?.point { try builder.add(points: [point]) }
    case .box:
      if let box = BoxArgument(argument: value)?.box { try builder.add(box: box) }
    case .mask: try builder.addMask(value)
    }
  }
}
