import Annotations
public import Bytes
public import JSON
import JobSupport
import SAM2

// The lines written by a live job.

extension LiveJob {
  var startLine: JSONValue {
    [
      "event": "start", "source": .string(source.address.shown), "width": .init(source.width),
      "height": .init(source.height),
    ]
  }

  func answer(
    to action: LiveAction, on frame: Int, _ result: FrameResult?
  ) -> JSONValue {
    [
      "event": "prompt", "line": action.line.map { JSONValue($0) } ?? .null,
      "do": .string(action.name), "frame": .init(frame),
      "object": action.object.map { JSONValue($0) } ?? .null,
      "objects": result.map { objects(of: $0, $0.found.annotated()) } ?? .array([]),
    ]
  }

  func objects(of result: FrameResult, _ found: [AnnotatedMask]) -> JSONValue {
    .array(
      found.map { mask in
        let score = result.objects.first { $0.id == mask.object }?.objectScore
        return [
          "object": .init(mask.object), "object_score": .init(score ?? 0),
          "area": .init(mask.area), "segmentation": mask.runLengths,
        ]
      })
  }

  /// The line that marks the end of the job, however it ended; `problem` is the cause of an early
  /// end.
  public func endLine(_ ending: Ending?, problem: Failure? = nil) -> JSONValue {
    var members: [(key: String, value: JSONValue)] = [
      ("event", "end"), ("reason", .string(ending?.rawValue ?? "failed")),
    ]
    members += statistics.members
    members.append(("notices", notices.json))
    if let problem { members.append(("error", LiveJob.object(problem))) }
    return .object(members)
  }

  /// The same for a job that failed to start.
  public static func endLine(problem: Failure) -> JSONValue {
    ["event": "end", "reason": "failed", "error": object(problem)]
  }

  static func object(_ problem: Failure) -> JSONValue {
    func text(_ value: String?) -> JSONValue { value.map { JSONValue($0) } ?? .null }
    return [
      "code": .string(problem.code), "message": .string(problem.message),
      "place": text(problem.place), "hint": text(problem.hint),
    ]
  }
}

extension AnnotatedMask {
  /// The mask in COCO form: {"size": [height, width], "counts": "…"}.
  fileprivate var runLengths: JSONValue {
    ["size": [.init(height), .init(width)], "counts": .string(cocoCounts)]
  }
}
