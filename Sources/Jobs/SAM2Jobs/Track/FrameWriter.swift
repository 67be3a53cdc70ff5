import Annotations
import Bytes
import JSON
import JobSupport
import SAM2

/// Writes the results of `sam2 track`.
struct FrameWriter: FrameSink {
  let outputs: TrackOutputs
  let annotations: AnnotationFolder
  let description: VideoDescription

  func finish(_ pictures: [AnnotatedPicture]) throws(Failure) -> [String] {
    try annotations.finish(pictures)
  }

  func write(
    _ result: FrameResult, lap: Double?, replacing earlier: [String]
  ) throws(Failure) -> WrittenFrame {
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
    return WrittenFrame(frame: result.frame, picture: picture, entry: .object(entries))
  }
}
