import Annotations
import Bytes
import JSON
import JobSupport
import SAM2

/// Writes the masks of single frames, each on a thread of its own beside the tracking of the next.
struct FrameWriter: Sendable {
  let outputs: TrackOutputs
  let annotations: AnnotationFolder
  let description: VideoDescription

  /// A frame that has been written.
  struct Written: Sendable {
    let frame: Int
    let picture: AnnotatedPicture
    /// Its entry in the report.
    let entry: JSONValue
  }

  /// What came of one frame, and how long it took.
  struct Outcome: Sendable {
    let result: Result<Written, Failure>
    let milliseconds: Double
  }

  /// Starts to write `result`, which took `lap` milliseconds to track.
  func start(_ result: FrameResult, lap: Double?) -> BackgroundWork<Outcome> {
    BackgroundWork { [self] in
      let start = StageClock.now()
      let written = Result { () throws(Failure) in try write(result, lap: lap) }
      return Outcome(result: written, milliseconds: (StageClock.now() - start) * 1000)
    }
  }

  private func write(_ result: FrameResult, lap: Double?) throws(Failure) -> Written {
    let found = result.found
    let picture = description.picture(result.frame, found.annotated)
    let files = try annotations.files(of: picture)
    try outputs.write(files, of: result.frame, objects: found.map(\.object))
    var entries: [(key: String, value: JSONValue)] = [("frame", .init(result.frame))]
    if let file = outputs.paletteFile(result.frame) { entries.append(("mask", .string(file))) }
    entries += [
      ("files", .array(files.map { .string($0.name) })),
      (
        "objects",
        .array(
          found.map { object, mask in
            [
              "object": .init(object.id), "object_score": .init(object.objectScore ?? 0),
              "area": .init(mask.area),
            ]
          })
      ),
    ]
    if let lap { entries.append(("milliseconds", milliseconds(lap))) }
    return Written(frame: result.frame, picture: picture, entry: .object(entries))
  }
}
