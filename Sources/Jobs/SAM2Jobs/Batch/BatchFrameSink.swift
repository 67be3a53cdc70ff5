import Annotations
import Bytes
import JSON
import JobSupport
import Media
import SAM2

/// Writes the frames of an item's video into its folder.
struct BatchFrameSink: FrameSink {
  let folder: BatchItemFolder
  let description: VideoDescription
  let savesLogits: Bool
  var labels = FoundLabels()

  func finish(
    _ pictures: [AnnotatedPicture], frameCount: Int
  ) throws(Failure) -> [String] {
    guard folder.formats.needsAllMasks, !pictures.isEmpty else { return [] }
    return try folder.about(description.with(frameCount: frameCount).facts).write(all: pictures)
  }

  func write(
    _ result: FrameResult, lap: Double?, replacing earlier: [String]
  ) throws(Failure) -> WrittenFrame {
    // If several passes cover a frame, the last one counts, and it may have fewer objects.
    for file in earlier { try folder.remove(file) }
    let found = result.found
    let picture = description.picture(result.frame, found.annotated(labels))
    let files = try folder.write(picture)
    let logits =
      savesLogits ? try writeLogits(found, of: description.names.logitsStem(result.frame)) : []
    // One plain PNG per mask, in order of object number.
    let plain = Dictionary(
      zip(picture.masks.map(\.object), files[.png] ?? []), uniquingKeysWith: { $1 })
    let objects = found.map { object, mask in
      var entry: BatchMembers = [
        ("object", .init(object.id)), ("object_score", .init(object.objectScore ?? 0)),
        ("area", .init(mask.area)),
      ]
      if let label = labels.label(of: object.id) { entry.append(("label", .string(label))) }
      if let file = plain[object.id] { entry.append(("file", .string(file))) }
      if folder.formats.hasRunLengths { entry.append(("segmentation", RunLengthMask(mask).json)) }
      return JSONValue.object(entry)
    }
    let members =
      [("frame", .init(result.frame)), ("name", .string(picture.stem))]
      + BatchItemFolder.members(files)
      + [("objects", .array(objects))]
    return WrittenFrame(
      frame: result.frame, picture: picture, entry: .object(members),
      files: files.values.flatMap(\.self) + logits)
  }

  /// Writes the logits of all objects.
  /// - Returns: the paths of their files.
  private func writeLogits(
    _ found: FoundObjects, of name: String
  ) throws(Failure) -> [String] {
    var files: [String] = []
    for (object, _) in found {
      files.append(
        try folder.write(
          "\(BatchResults.logits)/\(name)_\(object.id).npy",
          NPYWriter.bytes(object.lowResolutionLogits)))
    }
    return files
  }
}
