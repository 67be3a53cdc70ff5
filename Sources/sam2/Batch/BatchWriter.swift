import Annotations
import Bytes
import CLISupport
import Glibc
import JSON
import Media
import SAM2

/// Members of a result.
typealias BatchMembers = [(key: String, value: JSONValue)]

/// Writes the masks of items, as files or as run lengths in the result.
struct BatchWriter: Sendable {
  let format: BatchFormat
  let folder: BatchFolder
  /// Whether folders of an earlier run may be replaced.
  let replacesExisting: Bool

  /// Checks before the work that the format can hold what the item asks for.
  /// - Throws: `labels.masks`, `labels.identifier`.
  func check(_ item: BatchItem) throws(Failure) {
    switch item.work {
    case .automatic:
      if format == .davis { throw labelsFailure }
    case .track(let plan): try plan.checkObjects(for: format == .davis ? [.davis] : [])
    case .prompts(let prompts):
      guard format == .davis else { return }
      for prompt in prompts {
        if prompt.multimask == true { throw labelsFailure }
        guard (1...255).contains(prompt.object) else {
          throw Failure(
            .usage, code: "labels.identifier",
            "object number \(prompt.object) does not fit in a palette PNG (1 to 255)")
        }
      }
    }
  }

  private var labelsFailure: Failure {
    Failure(
      .usage, code: "labels.masks", "a palette PNG holds one mask an object",
      hint: "use --format png or rle")
  }

  /// Whether the files of an earlier result are still there.
  func isWhole(_ result: JSONValue) -> Bool {
    guard format != .rle, let id = result["id"]?.string else { return true }
    return access(folder.final(id), F_OK) == 0
  }

  // MARK: - Pictures

  /// Writes the answers to the prompts of item `index`.
  func write(
    _ answers: [SegmentAnswer], _ index: Int, id: String, picture: PictureFacts
  ) throws(Failure) -> BatchMembers {
    var folder = try BatchItemFolder(self, index, id)
    var prompts: [JSONValue] = []
    for answer in answers {
      var masks: [JSONValue] = []
      for mask in answer.masks {
        let place = try folder.place(of: mask)
        masks.append(
          .object(
            place + [("area", .init(mask.area)), ("box", mask.boundingBox?.json ?? .null)]))
      }
      prompts.append([
        "object": .init(answer.prompt.object), "object_score": .init(answer.objectScore),
        "predicted_iou": .array(answer.predictedIoUs.map { .init($0) }), "masks": .array(masks),
      ])
    }
    var members = picture.members
    if format == .davis {
      let labels = try LabelMap(
        width: picture.width, height: picture.height,
        masks: answers.map { ($0.prompt.object, $0.masks[0]) })
      members.append(("labels", .string(try folder.write(PNGWriter.encode(labels), "labels.png"))))
    }
    try folder.commit()
    return members + [("prompts", .array(prompts))]
  }

  /// Writes the masks that were found in item `index` without prompts.
  func write(
    _ found: [AutomaticMask], _ index: Int, id: String, picture: PictureFacts
  ) throws(Failure) -> BatchMembers {
    var folder = try BatchItemFolder(self, index, id)
    var masks: [JSONValue] = []
    for mask in found {
      masks.append(.object(try folder.place(of: mask.runs) + mask.facts))
    }
    if format == .png {
      let rows = found.enumerated().map { $1.tableRow(id: $0) }
      let table = ([AutomaticMask.tableHeader] + rows).joined(separator: "\n") + "\n"
      _ = try folder.write(Array(table.utf8), "metadata.csv")
    }
    try folder.commit()
    return picture.members + [("masks", .array(masks))]
  }
}

/// What a result says about a picture.
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
