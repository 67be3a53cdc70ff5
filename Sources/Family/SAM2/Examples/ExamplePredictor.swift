public import Bytes
public import Media
import SAM2Config
import Tensors

/// Finds objects marked on a few pictures in other pictures.
///
///     let examples = try ExamplePredictor(model)
///     try examples.add(Example(first, marks: [.init(object: 1, points: [.init(x: 210, y: 350)])]))
///     for picture in pictures {
///       for found in try examples.segment(picture) where found.mask.objectScore > 0 {
///         save(found.object, found.mask.mask(0))
///       }
///     }
///
/// Every example is a conditioning memory. A picture is segmented from these memories alone:
/// results do not depend on which other pictures are segmented, or in what order. Matches the
/// reference's `SAM2VideoPredictor` on a video of the examples, in the order in which they were
/// added, followed by that one picture (`propagate_in_video(start_frame_idx=<the last>)`). Pictures
/// may differ in size. Not for use from several threads at once; any number of predictors may share
/// a model.
public final class ExamplePredictor {
  /// The answer for one object.
  public struct Answer: Sendable {
    public let object: Int
    /// One mask.
    ///
    /// An `objectScore` of 0 or less means that the object is not in the picture; the mask is then
    /// empty.
    public let mask: MaskPrediction
  }

  public let model: SegmentationModel
  /// Number of examples.
  public private(set) var count = 0
  private let configuration: ModelConfiguration
  private let options: VideoOptions
  private var objects: [TrackedObject] = []

  /// - Throws: `model.image_only` if the model has no memory; `config.*` for options out of range.
  public init(
    _ model: SegmentationModel, options: ExampleOptions = .init()
  ) throws(Failure) {
    try model.require(.tracking)
    self.model = model
    self.options = options.video
    configuration = try options.video.applied(to: model.configuration)
  }

  /// Numbers of the objects, in the order in which they were added.
  public var objectIDs: [Int] { objects.map(\.id) }

  /// Remembers the objects that `example` marks.
  ///
  /// If this throws, nothing from the example is remembered.
  /// - Returns: the masks of these objects on the example, in the order of its marks.
  /// - Throws: `prompt.empty` without marks or for an empty mark, `prompt.duplicate` for two marks
  ///   of one object, `prompt.mask_and_points`, `prompt.mask_size`, what `Prompt` checks, and what
  ///   running the model throws.
  @discardableResult
  public func add(_ example: Example) throws(Failure) -> [Answer] {
    try check(example)
    let picture = example.picture
    let image = try features(of: picture)
    let tracker = tracker(for: picture)
    var (changed, answers) = (objects, [Answer]())
    for mark in example.marks {
      var object =
        changed.first { $0.id == mark.object }
        ?? TrackedObject(
          id: mark.object, policies: TrackingPolicies(options, model.configuration))
      var output = try tracker.track(
        request(mark, on: picture), object: object, image: image
      ).output
      output.memory = try tracker.encodeMemory(of: output, image: image, isAnnotated: true)
      object.conditioning[count] = output
      if let index = changed.firstIndex(where: { $0.id == mark.object }) {
        changed[index] = object
      } else {
        changed.append(object)
      }
      answers.append(Answer(mark.object, output, picture))
    }
    (objects, count) = (changed, count + 1)
    return answers
  }

  /// Finds all objects in `picture`.
  /// - Returns: an answer for each object, in the order of `objectIDs`.
  /// - Throws: `track.nothing` before the first example, and what running the model throws.
  public func segment(_ picture: RGBImage) throws(Failure) -> [Answer] {
    guard !objects.isEmpty else {
      throw Failure(
        .usage, code: "track.nothing", "no object is marked", hint: "add an example first")
    }
    let found = try tracker(for: picture).follow(
      objects, onto: count, isReverse: false, image: features(of: picture), encodingMemory: false)
    return zip(objects, found).map { Answer($0.id, $1.output, picture) }
  }

  // MARK: - Parts

  private func features(of picture: RGBImage) throws(Failure) -> ImageFeatures {
    let side = model.imageSize
    let resized = Resizer.likePIL(picture, width: side, height: side)
    return try model.stages.encodeImage(model.framePixels(of: resized))
  }

  private func tracker(for picture: RGBImage) -> FrameTracker {
    FrameTracker(
      stages: model.stages, configuration: configuration, frameCount: count + 1,
      width: picture.width, height: picture.height, fillHoleArea: options.fillHoleArea,
      prunesMemory: false)
  }

  private func request(_ mark: Example.Mark, on picture: RGBImage) -> FrameTracker.Request {
    var request = FrameTracker.Request(frame: count, isInitial: true)
    if let mask = mark.mask {
      request.mask = MaskPlane.modelMask(mask, imageSize: model.imageSize)
    } else {
      request.points = ModelPoint.scaled(
        points: mark.points, box: mark.box, width: picture.width, height: picture.height,
        imageSize: model.imageSize)
    }
    return request
  }

  private func check(_ example: Example) throws(Failure) {
    guard !example.marks.isEmpty else {
      throw Failure(.usage, code: "prompt.empty", "the example marks no object")
    }
    var seen: Set<Int> = []
    for mark in example.marks {
      guard seen.insert(mark.object).inserted else {
        throw Failure(
          .usage, code: "prompt.duplicate", "object \(mark.object) is marked twice on one example",
          hint: "put all clicks on an object into one mark")
      }
      try mark.check(width: example.picture.width, height: example.picture.height)
    }
  }
}

extension ExamplePredictor.Answer {
  fileprivate init(_ object: Int, _ output: FrameOutput, _ picture: RGBImage) {
    self.object = object
    let side = output.logits.shape.dimensions
    mask = MaskPrediction(
      lowResolutionLogits: output.logits.reshaped(Shape([1] + side)),
      // Only results from older state files lack it.
      predictedIoUs: [output.scores.predictedIoU ?? 0], objectScore: output.objectScore,
      width: picture.width, height: picture.height)
  }
}

extension Example.Mark {
  fileprivate func check(width: Int, height: Int) throws(Failure) {
    guard let mask else {
      guard !points.isEmpty || box != nil else {
        throw Failure(
          .usage, code: "prompt.empty",
          "object \(object) has neither points nor a box nor a mask on this example")
      }
      return try Prompt.validate(points: points, box: box)
    }
    guard points.isEmpty, box == nil else {
      throw Failure(
        .usage, code: "prompt.mask_and_points",
        "object \(object) has a mask and also points or a box on this example",
        hint: "the mask is taken as it is; leave out one of them")
    }
    guard mask.width == width, mask.height == height else {
      throw Failure(
        .usage, code: "prompt.mask_size",
        "the mask is \(mask.width)x\(mask.height), the picture is \(width)x\(height)",
        hint: "give a mask of the size of the picture")
    }
  }
}
