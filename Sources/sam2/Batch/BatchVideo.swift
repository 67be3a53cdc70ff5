import Bytes
import CLISupport
import JSON
import Media
import SAM2

/// Plays the script of one item on its video; frames are written as they come.
struct BatchVideo {
  let folder: BatchItemFolder
  private let format: BatchFormat
  private var plan: TrackPlan
  private let predictor: VideoPredictor
  /// The newest result of each frame, and its files.
  private var frames: [Int: (json: JSONValue, files: [String])] = [:]

  init(
    _ plan: TrackPlan, path: String, _ model: SegmentationModel, _ writer: BatchWriter,
    _ index: Int, id: String
  ) throws(Failure) {
    self.plan = plan
    try self.plan.loadMasks()
    predictor = try VideoPredictor(model, frames: FrameSource(path: path))
    folder = try BatchItemFolder(writer, index, id)
    format = writer.format
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
    return [
      ("width", .init(predictor.width)), ("height", .init(predictor.height)),
      ("frame_count", .init(predictor.frameCount)),
      ("frames", .array(frames.sorted { $0.key < $1.key }.map(\.value.json))),
    ]
  }

  private mutating func write(_ result: FrameResult) throws(Failure) {
    // Of several passes over a frame the last one holds, and it may have fewer objects.
    for file in frames[result.frame]?.files ?? [] { folder.remove(file) }
    var files: [String] = []
    var members: BatchMembers = [("frame", .init(result.frame))]
    // An object without a result on this frame has nothing to write.
    let found = zip(result.objects, result.masks()).filter { $0.0.objectScore != nil }
    if format == .davis {
      let labels = try LabelMap(
        width: result.width, height: result.height, masks: found.map { ($0.0.id, $0.1.mask) })
      files.append(try folder.write(PNGWriter.encode(labels), "\(fiveDigits(result.frame)).png"))
      members.append(("labels", .string(files[0])))
    }
    var objects: [JSONValue] = []
    for (object, (_, mask)) in found {
      var entry: BatchMembers = [
        ("object", .init(object.id)), ("object_score", .init(object.objectScore ?? 0)),
        ("area", .init(mask.area)),
      ]
      switch format {
      case .png:
        let name = "\(object.id)/\(fiveDigits(result.frame)).png"
        files.append(try folder.write(PNGWriter.encode(mask), name))
        entry.append(("file", .string(files[files.count - 1])))
      case .davis: break
      case .rle: entry.append(("segmentation", RunLengthMask(mask).json))
      }
      objects.append(.object(entry))
    }
    members.append(("objects", .array(objects)))
    frames[result.frame] = (.object(members), files)
  }
}
