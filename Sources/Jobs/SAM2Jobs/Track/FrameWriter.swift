import Annotations
import Bytes
import JSON
import JobSupport
import SAM2
import Synchronization

/// Writes the results of `sam2 track`.
struct FrameWriter: FrameSink {
  let outputs: TrackOutputs
  let description: VideoDescription
  private let annotations: AnnotationFolder
  private let context: AnnotationContext
  private let removal: EarlierRemoval?
  private let labels: FoundLabels

  /// Results in `earlier` are removed at the first write; nil for a resumed job.
  init(
    _ outputs: TrackOutputs, _ description: VideoDescription, _ context: AnnotationContext,
    removing earlier: EarlierResults?, labels: FoundLabels = FoundLabels()
  ) {
    self.labels = labels
    (self.outputs, self.description, self.context) = (outputs, description, context)
    removal = earlier.map { EarlierRemoval($0) }
    annotations = outputs.annotations(context.about(description.facts))
  }

  func finish(
    _ pictures: [AnnotatedPicture], frameCount: Int
  ) throws(Failure) -> [String] {
    let facts = description.with(frameCount: frameCount).facts
    return try outputs.annotations(context.about(facts)).finish(pictures)
  }

  func write(
    _ result: FrameResult, lap: Double?, replacing earlier: [String]
  ) throws(Failure) -> WrittenFrame {
    try removal?.run()
    let found = result.found
    let picture = description.picture(result.frame, found.annotated(labels))
    let files = try annotations.files(of: picture)
    try outputs.write(
      files, logitsName: description.names.logitsStem(result.frame), objects: found.map(\.object))
    var entries: [(key: String, value: JSONValue)] = [
      ("frame", .init(result.frame)), ("name", .string(picture.stem)),
    ]
    if let file = outputs.paletteFile(picture.stem) { entries.append(("mask", .string(file))) }
    entries += [
      ("files", .array(files.map { .string($0.name) })),
      (
        "objects",
        .array(
          found.map { object, mask -> JSONValue in
            let label = labels.label(of: object.id).map { [("label", JSONValue.string($0))] }
            return .object(
              [
                ("object", .init(object.id)), ("object_score", .init(object.objectScore ?? 0)),
                ("area", .init(mask.area)),
              ] + (label ?? []))
          })
      ),
    ]
    if let lap { entries.append(("milliseconds", milliseconds(lap))) }
    return WrittenFrame(frame: result.frame, picture: picture, entry: .object(entries))
  }
}

/// Removes the results of an earlier run, once.
private final class EarlierRemoval: Sendable {
  private let earlier: EarlierResults
  private let isDone = Atomic<Bool>(false)

  init(_ earlier: EarlierResults) { self.earlier = earlier }

  func run() throws(Failure) {
    guard !isDone.exchange(true, ordering: .acquiringAndReleasing) else { return }
    try earlier.remove()
  }
}
