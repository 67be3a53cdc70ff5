import Annotations
import Bytes
import CLISupport
import JSON
import SAM2

/// Writes the masks of single frames, each on a thread of its own beside the tracking of the next.
struct FrameWriter: Sendable {
  let outputs: TrackOutputs
  let annotations: AnnotationFolder
  /// The names of the frames' files; empty for a video file.
  let frameNames: [String]
  /// Size of the video.
  let width: Int
  let height: Int

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
    // An object without a result on this frame has nothing to write.
    let masks = zip(result.objects, result.masks())
      .filter { $0.0.objectScore != nil }.map { (object: $0.0, mask: $0.1.mask) }
    let picture = annotated(
      result.frame,
      masks.sorted { $0.object.id < $1.object.id }.map {
        AnnotatedMask(object: $0.object.id, score: nil, mask: $0.mask)
      })
    let files = try annotations.files(of: picture)
    try outputs.write(files, of: result.frame, objects: masks.map(\.object))
    var entries: [(key: String, value: JSONValue)] = [("frame", .init(result.frame))]
    if let file = outputs.paletteFile(result.frame) { entries.append(("mask", .string(file))) }
    entries += [
      ("files", .array(files.map { .string($0.name) })),
      (
        "objects",
        .array(
          masks.map { object, mask in
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

  /// Masks of a frame with what formats want to know about it.
  func annotated(_ frame: Int, _ masks: [AnnotatedMask]) -> AnnotatedPicture {
    let name =
      frameNames.indices.contains(frame) ? frameNames[frame] : "\(fiveDigits(frame)).jpg"
    return AnnotatedPicture(
      name: name, stem: fiveDigits(frame), index: frame, width: width, height: height,
      masks: masks)
  }
}
