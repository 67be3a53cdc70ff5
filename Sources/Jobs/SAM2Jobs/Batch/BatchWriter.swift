import Annotations
import Bytes
import JSON
import JobSupport
import Media
import SAM2

/// Members of a result.
typealias BatchMembers = [(key: String, value: JSONValue)]

/// Writes the masks of items, either as files or as run lengths in the result.
struct BatchWriter: Sendable {
  /// Formats for items that name none.
  let formats: BatchFormats
  let context: AnnotationContext
  let folder: BatchFolder
  /// Whether folders of an earlier run may be replaced.
  let replacesExisting: Bool

  /// The formats of an item, after checking before the work that they can hold what it asks for.
  ///
  /// If the formats were given for all items, those for videos are omitted for a picture.
  /// - Throws: `format.unsuitable`, `labels.masks`, `labels.duplicate`, `labels.identifier`.
  func formats(for item: BatchItem) throws(Failure) -> BatchFormats {
    var requested = item.formats ?? formats
    if !item.isVideo {
      if item.formats != nil || requested.forPictures.isEmpty {
        try AnnotationKind.check(requested.kinds, among: AnnotationKind.forPictures)
      }
      requested = requested.forPictures
    }
    switch item.work {
    case .automatic: break
    case .track(let plan, _): try plan.checkObjects(for: requested.kinds)
    case .words:
      try SegmentOutputs.check(requested.kinds, [RequestedPrompt(object: 1)], default: .single)
    case .prompts(let prompts): try SegmentOutputs.check(requested.kinds, prompts, default: .single)
    case .examples(let source):
      try SegmentOutputs.check(requested.kinds, source.examples.objects, default: .single)
    }
    return requested
  }

  /// Whether all files of an earlier result still exist.
  func isWhole(_ result: JSONValue) -> Bool {
    guard let id = result["id"]?.string, let formats = result["formats"]?.array else {
      return false
    }
    let hasFiles =
      formats.contains { $0.string.flatMap { AnnotationKind(rawValue: $0) } != nil }
      || ["overlay", "contact_sheet", "logits"].contains { result[$0] != nil }
    return !hasFiles || folder.holds(id)
  }

  // MARK: - Pictures

  /// Writes the answers to the prompts of item `index`.
  func write(
    _ answers: [SegmentAnswer], _ index: Int, _ task: BatchStages.Task, picture: PictureFacts
  ) throws(Failure) -> BatchMembers {
    let item = task.item
    var context = context
    if case .words(let texts) = item.work { context.categories = texts }
    let folder = try BatchItemFolder(self, task.formats, index, id: item.id, context: context)
    var number = 0
    var prompts: [JSONValue] = []
    for answer in answers {
      var masks: [JSONValue] = []
      for mask in answer.masks {
        let place = try place(of: RunLengthMask(mask), number, folder)
        number += 1
        masks.append(
          .object(
            place + [("area", .init(mask.area)), ("box", mask.boundingBox?.json ?? .null)]))
      }
      prompts.append(
        .object(
          [
            ("object", .init(answer.prompt.object)), ("object_score", .init(answer.objectScore)),
            ("predicted_iou", .array(answer.predictedIoUs.map { .init($0) })),
            ("masks", .array(masks)),
          ] + answer.facts))
    }
    let files = try write(answers.map(\.annotated), of: item, picture, folder)
    try folder.commit()
    return picture.members + files + [("prompts", .array(prompts))]
  }

  /// Writes the masks found in item `index` without prompts.
  func write(
    _ found: [AutomaticMask], _ index: Int, _ task: BatchStages.Task, picture: PictureFacts
  ) throws(Failure) -> BatchMembers {
    let item = task.item
    let folder = try BatchItemFolder(self, task.formats, index, id: item.id, context: context)
    var masks: [JSONValue] = []
    for (number, mask) in found.enumerated() {
      let place = try place(of: mask.runs, number, folder)
      masks.append(.object(place + mask.facts))
    }
    if folder.formats.kinds.contains(.png) {
      let table = AnnotationFile(name: "metadata.csv", bytes: Array(found.table.utf8))
      _ = try folder.write([table], .png)
    }
    let files = try write(found.annotated, of: item, picture, folder)
    try folder.commit()
    return picture.members + files + [("masks", .array(masks))]
  }

  /// Where mask `number` of a picture is stored: in a file, as run lengths in the result, both, or
  /// neither.
  private func place(
    of runs: RunLengthMask, _ number: Int, _ folder: BatchItemFolder
  ) throws(Failure) -> BatchMembers {
    var members: BatchMembers = []
    if folder.formats.kinds.contains(.png) {
      let file = AnnotationFile(name: "\(number).png", bytes: try PNGWriter.encode(runs.mask))
      members += try folder.write([file], .png).map { ("file", .string($0)) }
    }
    if folder.formats.hasRunLengths { members.append(("segmentation", runs.json)) }
    return members
  }

  /// Writes all formats except plain PNGs; returns the members with their paths.
  private func write(
    _ masks: [AnnotatedMask], of item: BatchItem, _ picture: PictureFacts,
    _ folder: BatchItemFolder
  ) throws(Failure) -> BatchMembers {
    guard folder.formats.kinds.contains(where: { $0 != .png }) else { return [] }
    let annotated = AnnotatedPicture(
      name: fileName(item.input), stem: "labels", index: 0, width: picture.width,
      height: picture.height, masks: masks)
    let files = try folder.write(annotated, except: [.png])
    return BatchItemFolder.members(files, and: try folder.write(all: [annotated]))
  }
}

/// The facts about a picture that a result contains.
struct PictureFacts: Sendable {
  let width: Int
  let height: Int
  let appliedOrientation: Int

  init(_ picture: RGBImage) {
    (width, height) = (picture.width, picture.height)
    appliedOrientation = picture.appliedOrientation
  }

  var members: BatchMembers {
    [
      ("width", .init(width)), ("height", .init(height)),
      ("applied_orientation", .init(appliedOrientation)),
    ]
  }
}
