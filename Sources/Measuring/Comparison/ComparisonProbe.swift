public import Bytes
internal import Calibration
internal import Media
public import SAM2
internal import SampleScene

/// A picture on which models are prompted and over which a simulated camera pans, so that every
/// graph runs, including the memory.
public struct ComparisonProbe: Sendable {
  /// Its name in results.
  public let name: String
  let picture: RGBImage
  let prompts: [Prompt]
  private static let frameCount = 4
  private static let objectLimit = 4

  /// A picture supplied by the user; the prompts are about the objects that `model` finds in it.
  /// - Throws: anything thrown by reading the picture and running the model.
  public init(path: String, prompted model: SegmentationModel) throws(Failure) {
    picture = try ImageReader.read(path)
    name = path.split(separator: "/").last.map(String.init) ?? path
    let predictor = ImagePredictor(model)
    try predictor.setImage(picture)
    prompts = try ProbePrompts(
      predictor, width: picture.width, height: picture.height, limit: Self.objectLimit
    ).objects.flatMap { object in
      [Prompt(points: [object.click])] + (object.box.map { [Prompt(box: $0)] } ?? [])
    }
  }

  /// The built-in sample scene.
  public init() {
    let still = SampleScene().still()
    picture = still.image
    name = "the built-in sample scene"
    prompts = still.prompts.flatMap { $0.clickAndBox }
  }

  /// Masks of all prompts, followed by the first prompt's object on each frame if the model can
  /// track; all at the decoder's resolution, [S/4, S/4].
  func masks(by model: SegmentationModel) throws(Failure) -> [BinaryMask] {
    let predictor = ImagePredictor(model)
    try predictor.setImage(picture)
    var masks: [BinaryMask] = []
    for prompt in prompts {
      let prediction = try predictor.predict(prompt, multimask: prompt.box == nil)
      masks.append(BinaryMask(plane: prediction.lowResolutionLogits[prediction.best]))
    }
    guard model.parts.allows(.tracking), let prompt = prompts.first(where: { $0.box == nil }) else {
      return masks
    }
    let frames = PannedPicture(picture, frameCount: Self.frameCount)
    let video = try VideoPredictor(model, frames: frames)
    // The camera starts in the corner; points outside its window are moved to the window's edge.
    let points = prompt.points.map { point in
      Prompt.Point(
        x: min(point.x, Float(frames.width - 1)), y: min(point.y, Float(frames.height - 1)))
    }
    try video.addPoints(frame: 0, object: 1, points: points)
    var propagation = try video.propagation()
    while let result = try propagation.next() {
      masks += result.objects.map { BinaryMask(plane: $0.lowResolutionLogits) }
    }
    return masks
  }
}

extension SampleScene.Prompt {
  /// A click and a box, as a person would give them.
  var clickAndBox: [Prompt] {
    [
      Prompt(points: [.init(x: Float(x), y: Float(y))]),
      Prompt(
        box: Prompt.Box(
          x0: Float(box.left), y0: Float(box.top), x1: Float(box.right + 1),
          y1: Float(box.bottom + 1))),
    ]
  }
}
