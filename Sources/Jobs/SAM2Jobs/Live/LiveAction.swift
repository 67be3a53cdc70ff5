import Bytes
import JSON
import SAM2

/// A line of an interaction script that arrives while a live video is being tracked.
struct LiveAction: Sendable {
  enum Step: Sendable {
    /// Clicks, a box or a mask on the newest frame, whichever frame the action names.
    case annotate(InteractionScript.Action)
    case removeObject(Int)
    case reset
    /// Ends the job.
    case stop
  }

  let step: Step
  /// The earliest frame on which it may be carried out; nil for the newest.
  let frame: Int?
  /// The number of the line it came from, counted from 1; nil if from the command line.
  let line: Int?

  init(_ step: Step, frame: Int? = nil, line: Int? = nil) {
    (self.step, self.frame, self.line) = (step, frame, line)
  }

  /// Parses a line of JSON.
  /// - Throws: `json.*`, `script.*`; `live.action` for an action that is only available for
  ///   recorded videos.
  init(parsing bytes: [UInt8], line: Int) throws(Failure) {
    let json = try JSONValue(parsing: bytes)
    let place = "line \(line)"
    let frame = try LiveAction.frame(of: json, place)
    let verb = json["do"]?.string ?? ""
    let rest = (json.object ?? []).filter { $0.key != "frame" }
    switch verb {
    case "stop":
      try LiveAction.checkAlone(rest, place)
      self.init(.stop, frame: frame, line: line)
      return
    case "propagate", "clear_frame", "detect":
      throw Failure(
        .badInput, code: "live.action", "\"\(verb)\" is for recorded videos", place: place,
        hint: "use add_points, add_mask, remove_object, reset or stop")
    default: break
    }
    let annotates = verb == "add_points" || verb == "add_mask"
    let members = rest + (annotates ? [(key: "frame", value: JSONValue(0))] : [])
    let isObject = json.object != nil
    let action = try InteractionScript.Action(isObject ? .object(members) : json, place: place)
    switch action {
    case .addPoints, .addMask: self.init(.annotate(action), frame: frame, line: line)
    case .removeObject(let object): self.init(.removeObject(object), frame: frame, line: line)
    case .reset: self.init(.reset, frame: frame, line: line)
    case .propagate, .clearFrame, .detect:
      throw Failure(.internalError, code: "live.action", "an action that was refused", place: place)
    }
  }

  /// Checks that an action has no members of its own.
  private static func checkAlone(
    _ members: [(key: String, value: JSONValue)], _ place: String
  ) throws(Failure) {
    guard let other = members.first(where: { $0.key != "do" }) else { return }
    throw Failure(
      .badInput, code: "script.member", "there is no member \"\(other.key)\" here", place: place)
  }

  private static func frame(of json: JSONValue, _ place: String) throws(Failure) -> Int? {
    guard let value = json["frame"], !value.isNull else { return nil }
    guard let frame = value.wholeNumber, frame >= 0 else {
      throw Failure(
        .badInput, code: "script.type",
        "\"frame\" must be the number of a frame, or missing for the newest one, not \(value.shown)",
        place: place)
    }
    return frame
  }

  /// The action's name in scripts.
  var name: String {
    switch step {
    case .annotate(.addMask): "add_mask"
    case .annotate: "add_points"
    case .removeObject: "remove_object"
    case .reset: "reset"
    case .stop: "stop"
    }
  }

  /// The object it concerns; nil for none or all.
  var object: Int? {
    switch step {
    case .annotate(let action): action.object
    case .removeObject(let object): object
    case .reset, .stop: nil
    }
  }
}
