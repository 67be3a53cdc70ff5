import Bytes
import JSON
import SAM2
import Workbench

/// Prompts of samapi.
enum SAMAPIPrompt {
  /// The members `point_coords`, `point_labels` and `bbox`, each of which may be missing, null or
  /// empty.
  /// - Throws: `samapi.prompt`, `serve.points`.
  static func read(_ json: JSONValue, limit: Int) throws(Failure) -> PicturePrompt {
    var prompt = PicturePrompt()
    prompt.keepsLogits = false
    let places = json["point_coords"]?.array ?? []
    let labels = json["point_labels"]?.array ?? []
    guard places.count == labels.count, places.count <= limit else {
      throw Failure(
        .badInput, code: "serve.points",
        "\(places.count) points have \(labels.count) labels; each needs one")
    }
    for (place, label) in zip(places, labels) {
      guard let x = place[0]?.double, let y = place[1]?.double, let label = label.wholeNumber,
        (0...1).contains(label)
      else { throw wrong("points are [x, y] with labels 0 and 1") }
      prompt.points.append(.init(x: Float(x), y: Float(y), label: label))
    }
    let box = json["bbox"]?.array ?? []
    let sides = box.compactMap { $0.double.map { Float($0) } }
    guard sides.count == box.count, [0, 4].contains(box.count) else {
      throw wrong("\"bbox\" is [x0, y0, x1, y1]")
    }
    if sides.count == 4 {
      prompt.box = .init(x0: sides[0], y0: sides[1], x1: sides[2], y1: sides[3])
    }
    return prompt
  }

  static func wrong(_ what: String) -> Failure {
    Failure(.badInput, code: "samapi.prompt", what)
  }
}

/// A samapi request to track through pictures.
struct SAMAPIVideo {
  let frames: [[UInt8]]
  let prompts: [VideoPrompt]
  let start: Int?
  let maxFrames: Int?
  private let isStack: Bool
  private let position: Int
  /// The client's numbers for the server's objects, which count from 1.
  private let objects: [Int]

  /// Its frames come with the request or were uploaded earlier.
  /// - Throws: `samapi.video`; `json.*`; `serve.unknown_id`; as `SAMAPIPrompt.read`.
  init(
    _ json: JSONValue, _ limits: WorkLimits, _ uploads: FrameUploads
  ) throws(Failure) {
    frames = try SAMAPIVideo.pictures(json, limits, uploads)
    guard !frames.isEmpty else {
      throw Failure(.badInput, code: "samapi.video", "there are no pictures")
    }
    let axes = json["axes"]?.string ?? "XYT"
    guard ["XYT", "XYZ"].contains(axes) else {
      throw Failure(.badInput, code: "samapi.video", "\"axes\" must be XYT or XYZ")
    }
    isStack = axes == "XYZ"
    position = json["plane_position"]?.wholeNumber ?? 0
    start = json["start_frame_idx"]?.wholeNumber
    maxFrames = json["max_frame_num_to_track"]?.wholeNumber
    (prompts, objects) = try SAMAPIVideo.prompts(json["objs"], limits)
  }

  private static func pictures(
    _ json: JSONValue, _ limits: WorkLimits, _ uploads: FrameUploads
  ) throws(Failure) -> [[UInt8]] {
    if let folder = json["dirname"]?.string { return try uploads.take(folder) }
    guard let list = json["b64imgs"]?.array else {
      throw Failure(
        .badInput, code: "samapi.video", "there are no pictures",
        hint: "upload them and name their \"dirname\", or send them as \"b64imgs\"")
    }
    var frames: [[UInt8]] = []
    for element in list {
      frames.append(try DataAddress.bytes(element.string ?? "", limit: limits.pictureBytes))
    }
    return frames
  }

  private static func prompts(
    _ json: JSONValue?, _ limits: WorkLimits
  ) throws(Failure) -> (prompts: [VideoPrompt], objects: [Int]) {
    var prompts: [VideoPrompt] = []
    var objects: [Int] = []
    for (key, list) in json?.object ?? [] {
      guard let frame = Int(key), let list = list.array else {
        throw Failure(.badInput, code: "samapi.video", "\"objs\" has a list for each frame")
      }
      for element in list {
        let theirs = try element.requiredInt("obj_id")
        if !objects.contains(theirs) { objects.append(theirs) }
        let number = (objects.firstIndex(of: theirs) ?? 0) + 1
        let prompt = try SAMAPIPrompt.read(element, limit: limits.points)
        prompts.append(
          VideoPrompt(frame: frame, object: number, points: prompt.points, box: prompt.box))
      }
    }
    return (prompts, objects)
  }

  /// The client's number for object `ours`.
  func original(_ ours: Int) -> Int {
    objects.indices.contains(ours - 1) ? objects[ours - 1] : ours
  }

  /// The plane of a frame in QuPath: a point in time, or a slice of a stack.
  func plane(_ frame: Int) -> JSONValue {
    [
      "c": -1, "z": .init(isStack ? frame : position), "t": .init(isStack ? position : frame),
    ]
  }
}
