import Bytes
public import SAM2

/// Collects prompts in the order a person gives them, and builds a plan from them.
///
///     var builder = TrackPlanBuilder()
///     builder.object = 2
///     builder.frame = 30
///     try builder.add(points: [point])
///     let plan = builder.plan
public struct TrackPlanBuilder {
  /// The number of the object to which the following prompts apply; nil for object 1, or for every
  /// label in a mask.
  public var object: Int?
  /// The frame to which the following prompts apply.
  public var frame = 0
  /// How mask files are read.
  public var reading = InputReading()
  /// One action for each object, frame and kind of prompt, in order of first appearance.
  private var actions: [InteractionScript.Action] = []
  private var masks: [String: TrackPlan.MaskReference] = [:]
  private var notices: [Notice] = []

  public init() {}

  /// Adds clicks or a box to those the object already has on the frame.
  /// - Throws: `prompt.boxes` for a second box.
  public mutating func add(
    points more: [Prompt.Point] = [], box: Prompt.Box? = nil
  ) throws(Failure) {
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

  /// Adds the object's mask from a file; without a number, each label in it is an object.
  /// - Throws: as `MaskFile.labels`.
  public mutating func addMask(_ file: String) throws(Failure) {
    guard object == nil else {
      let id = object ?? 1
      let name = "\(file) (object \(id))"
      masks[name] = .object(id, file)
      actions.append(.addMask(frame: frame, object: id, file: name))
      return
    }
    let picture = try MaskFile(file, reading).labels()
    for notice in picture.notices { notices.merge(notice) }
    for id in picture.identifiers {
      let name = "\(file) (label \(id))"
      masks[name] = .label(id, file)
      actions.append(.addMask(frame: frame, object: id, file: name))
    }
  }

  /// The annotations, followed by tracking to the end, then from the first annotation back to the
  /// start.
  public var plan: TrackPlan {
    var all = actions
    all.append(.propagate(start: nil, maxFrames: nil, isReverse: false))
    if (actions.compactMap(\.frame).min() ?? 0) > 0 {
      all.append(.propagate(start: nil, maxFrames: nil, isReverse: true))
    }
    return TrackPlan(script: InteractionScript(all), masks: masks, notices: notices)
  }
}
