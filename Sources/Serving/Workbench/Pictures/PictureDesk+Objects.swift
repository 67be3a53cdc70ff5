public import Annotations
public import Bytes
public import JSON
import JobSupport
import Media
public import SAM2
import SAM2Jobs

// The objects of open pictures, and the search for all objects in a picture.

extension PictureDesk {
  /// Replaces the picture's objects with those from a client, and stores them.
  /// - Throws: `json.*`, `rle.*`, `serve.object`, `serve.conflict` if somebody else has changed
  ///   them since `revision`.
  public func setObjects(
    _ list: [JSONValue], of session: PictureSession, revision: Int?
  ) throws(Failure) {
    var objects: [ObjectRecord] = []
    for (index, element) in list.enumerated() {
      do throws(Failure) {
        objects.append(
          try ObjectRecord(
            json: element, width: session.width, height: session.height, limits: limits))
      } catch {
        throw error.at("objects[\(index)]")
      }
    }
    guard Set(objects.map(\.id)).count == objects.count else {
      throw Failure(.badInput, code: "serve.object", "two objects have one number")
    }
    guard revision == nil || revision == session.revision else {
      throw Failure(
        .usage, code: "serve.conflict",
        "the objects were changed elsewhere: they are at revision \(session.revision)",
        hint: "read them again")
    }
    session.setObjects(objects)
    try save(session)
  }

  /// The files of an export.
  public func export(
    _ session: PictureSession, _ kinds: [AnnotationKind],
    _ context: AnnotationContext = AnnotationContext()
  ) async throws -> [AnnotationFile] {
    try await scheduler.run(.encode) { _ in try PictureExport(session).files(kinds, context) }
  }

  // MARK: - Automatic masks

  /// Starts the search for everything in the picture, with options under their official names.
  /// - Throws: `auto.*`, `serve.jobs`.
  public func findAll(
    in session: PictureSession, options json: JSONValue
  ) throws(Failure) -> WorkJob {
    let generator = try AutomaticMaskGenerator(model, options: AutomaticMaskOptions(json: json))
    return try jobs.start(kind: "automatic", subject: session.id) { reporter in
      let masks = try await self.scheduler.run(.long) { slot in
        try generator.generate(self.decoded(session)) { progress in
          if reporter.isCancelled { throw CancellationError() }
          reporter.progress(progress.done, of: progress.total)
          slot.giveWay()
        }
      }
      return [
        "size": [.init(session.height), .init(session.width)],
        "masks": .array(masks.map { $0.record(compressed: true) }),
      ]
    }
  }

  /// The masks of everything in a picture that is not kept open.
  public func findAll(
    in bytes: [UInt8], options json: JSONValue
  ) async throws -> (masks: [AutomaticMask], width: Int, height: Int) {
    let generator = try AutomaticMaskGenerator(model, options: AutomaticMaskOptions(json: json))
    let (options, seconds) = (options, limits.requestSeconds)
    return try await scheduler.run(.long) { slot in
      let end = StageClock.now() + seconds
      let picture = try ImageReader.decode(bytes, options: options)
      let masks = try generator.generate(picture) { _ in
        guard StageClock.now() < end else { throw Failure.tookTooLong(seconds) }
        slot.giveWay()
      }
      return (masks, picture.width, picture.height)
    }
  }
}
