import ArgumentParser
import Bytes
import CLISupport
import Media
import SAM2

/// The prompt options of `sam2 track`.
struct TrackPrompts: ParsableArguments {
  @Option(
    name: .customLong("object"),
    help: "Number of the object that the following prompts are about, 1 to 255.")
  var objects: [Int] = []

  @Option(
    name: .customLong("frame"), help: "Frame that the following prompts are about, from 0.")
  var frames: [Int] = []

  @Option(
    name: .customLong("point"),
    help: ArgumentHelp(
      "A click; label 1 (default) is on the object, 0 beside it. Repeatable.",
      valueName: "x,y[,label]"))
  var points: [PointArgument] = []

  @Option(
    name: .customLong("box"),
    help: ArgumentHelp("A box around the object.", valueName: "x0,y0,x1,y1"))
  var boxes: [BoxArgument] = []

  @Option(
    name: .customLong("mask-prompt"),
    help: ArgumentHelp(
      "The object's mask, a PNG; without --object each label in it is an object.",
      valueName: "file"))
  var masks: [String] = []

  @Option(
    help: ArgumentHelp("An interaction script instead of prompts.", valueName: "file.json"))
  var script: String?

  func validate() throws {
    let isGivenHere = !points.isEmpty || !boxes.isEmpty || !masks.isEmpty
    if script == nil && !isGivenHere {
      throw ValidationError("say what to track: --point, --box, --mask-prompt or --script")
    }
    if script != nil && (isGivenHere || !objects.isEmpty || !frames.isEmpty) {
      throw ValidationError("--script excludes all other prompt options")
    }
  }

  /// What to do, from the script or the options.
  ///
  /// The parser keeps no order between different options, so the order comes from `arguments`, the
  /// whole command line, whose values the parser has accepted already.
  func plan(arguments: [String]) throws(Failure) -> TrackPlan {
    if let script { return try TrackPlan(scriptFile: script) }
    var annotations = OrderedAnnotations()
    var rest = arguments.dropFirst()[...]
    while let word = rest.popFirst(), word != "--" {
      let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard let option = OrderedAnnotations.Option(rawValue: String(parts[0])) else { continue }
      guard let value = parts.count == 2 ? String(parts[1]) : rest.popFirst() else { break }
      try annotations.apply(option, value)
    }
    return annotations.plan
  }
}

/// Prompts collected from options in the order given.
private struct OrderedAnnotations {
  enum Option: String {
    case object = "--object"
    case frame = "--frame"
    case point = "--point"
    case box = "--box"
    case mask = "--mask-prompt"
  }

  private var object: Int?
  private var frame = 0
  /// One action for each object, frame and kind of prompt, in order of first appearance.
  private var actions: [InteractionScript.Action] = []
  private var masks: [String: TrackPlan.MaskReference] = [:]

  mutating func apply(_ option: Option, _ value: String) throws(Failure) {
    switch option {
    case .object: object = Int(value)
    case .frame: frame = Int(value) ?? 0
    case .point:
      if let point = PointArgument(argument: value)?.point { try add([point], nil) }
    case .box:
      if let box = BoxArgument(argument: value)?.box { try add([], box) }
    case .mask: try addMask(value)
    }
  }

  private mutating func add(_ more: [Prompt.Point], _ box: Prompt.Box?) throws(Failure) {
    let id = object ?? 1
    let known = actions.firstIndex { action in
      guard case .addPoints(frame, id, _, _, _) = action else { return false }
      return true
    }
    guard let known, case .addPoints(_, _, let points, let earlier, _) = actions[known] else {
      actions.append(
        .addPoints(frame: frame, object: id, points: more, box: box, clearOldPoints: true))
      return
    }
    guard box == nil || earlier == nil else {
      throw Failure(
        .usage, code: "prompt.boxes", "object \(id) has two boxes on frame \(frame)",
        hint: "give each object its number with --object")
    }
    actions[known] = .addPoints(
      frame: frame, object: id, points: points + more, box: earlier ?? box, clearOldPoints: true)
  }

  private mutating func addMask(_ file: String) throws(Failure) {
    guard object == nil else {
      let id = object ?? 1
      let name = "\(file) (object \(id))"
      masks[name] = .object(id, file)
      actions.append(.addMask(frame: frame, object: id, file: name))
      return
    }
    for id in try MaskFile.labels(file).identifiers {
      let name = "\(file) (label \(id))"
      masks[name] = .label(id, file)
      actions.append(.addMask(frame: frame, object: id, file: name))
    }
  }

  /// The annotations, then tracking to the end, and from the first of them back to the start.
  var plan: TrackPlan {
    var all = actions
    all.append(.propagate(start: nil, maxFrames: nil, isReverse: false))
    if (actions.compactMap(\.frame).min() ?? 0) > 0 {
      all.append(.propagate(start: nil, maxFrames: nil, isReverse: true))
    }
    return TrackPlan(script: InteractionScript(all), masks: masks)
  }
}
