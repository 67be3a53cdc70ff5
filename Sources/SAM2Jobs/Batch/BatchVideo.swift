import Annotations
import Bytes
import JSON
import Media
import SAM2

/// Plays the script of one item on its video; frames are written as they come.
struct BatchVideo {
  let folder: BatchItemFolder
  private var plan: TrackPlan
  private let predictor: VideoPredictor
  private let description: VideoDescription
  /// The newest result of each frame, and its files.
  private var frames: [Int: (json: JSONValue, files: [String])] = [:]
  /// The newest masks of each frame, where files about the whole video need them.
  private var pictures: [Int: AnnotatedPicture] = [:]

  init(
    _ plan: TrackPlan, _ task: BatchStages.Task, _ model: SegmentationModel, _ writer: BatchWriter,
    _ settings: BatchSettings, _ index: Int
  ) throws(Failure) {
    self.plan = plan
    try self.plan.loadMasks()
    let source = try FrameSource(
      path: task.item.path, toleratesDamage: settings.toleratesDamage)
    var options = VideoOptions()
    options.skipsUnreadableFrames = settings.toleratesDamage
    predictor = try VideoPredictor(model, frames: source, options: options)
    description = VideoDescription(source, of: task.item.input, frameCount: predictor.frameCount)
    folder = try BatchItemFolder(
      writer, task.formats, index, id: task.item.id,
      context: settings.context.about(description.facts))
  }

  /// Plays the script; `check` is asked after each frame whether to go on.
  mutating func run(check: () throws -> Void) throws -> BatchMembers {
    let plan = plan
    let player = ScriptPlayer(plan.script, on: predictor) { try plan.mask($0) }
    while let event = try player.next() {
      switch event {
      case .edited(let result, _), .tracked(let result, _, _): try write(result)
      }
      try check()
    }
    let all = pictures.sorted { $0.key < $1.key }.map(\.value)
    let files = all.isEmpty ? [] : try folder.write(all: all)
    var members: BatchMembers = [
      ("width", .init(predictor.width)), ("height", .init(predictor.height)),
      ("frame_count", .init(predictor.frameCount)),
    ]
    if !predictor.skippedFrames.isEmpty { members.append(("skipped", skipped)) }
    members += BatchItemFolder.members(and: files)
    members.append(("frames", .array(frames.sorted { $0.key < $1.key }.map(\.value.json))))
    return members
  }

  private var skipped: JSONValue {
    let frames = predictor.skippedFrames.sorted { $0.key < $1.key }
    return .array(frames.map { ["frame": .init($0), "code": .string($1.code)] })
  }

  private mutating func write(_ result: FrameResult) throws(Failure) {
    // Of several passes over a frame the last one holds, and it may have fewer objects.
    for file in frames[result.frame]?.files ?? [] { try folder.remove(file) }
    let found = result.found
    let picture = description.picture(result.frame, found.annotated)
    if folder.formats.needsAllMasks { pictures[result.frame] = picture }
    let files = try folder.write(picture)
    // A plain PNG for each mask, in the order of the objects' numbers.
    let plain = Dictionary(
      zip(picture.masks.map(\.object), files[.png] ?? []), uniquingKeysWith: { $1 })
    var objects: [JSONValue] = []
    for (object, mask) in found {
      var entry: BatchMembers = [
        ("object", .init(object.id)), ("object_score", .init(object.objectScore ?? 0)),
        ("area", .init(mask.area)),
      ]
      if let file = plain[object.id] { entry.append(("file", .string(file))) }
      if folder.formats.hasRunLengths { entry.append(("segmentation", RunLengthMask(mask).json)) }
      objects.append(.object(entry))
    }
    let members =
      [("frame", .init(result.frame))] + BatchItemFolder.members(files)
      + [("objects", .array(objects))]
    frames[result.frame] = (.object(members), files.values.flatMap(\.self))
  }
}
