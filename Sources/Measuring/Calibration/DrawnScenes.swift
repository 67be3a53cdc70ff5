package import Bytes
internal import Graph
package import Media
internal import Quantizer
internal import Runtime
internal import SAM2
package import SampleScene

/// Synthetic pictures and a clip on which a model is observed if nobody gave any.
///
/// Channel magnitudes depend more on a network's weights than on its input: those observed on a few
/// scenes also hold for photographs. Accuracy is another matter and is not measured.
public struct DrawnScenes: Sendable {
  /// Seeds of the pictures.
  public let pictures: [UInt64]
  /// Seed of the clip; nil for models that cannot track.
  public let clip: UInt64?
  public let frameCount: Int
  private let objectCount: Int

  private static let (clipWidth, clipHeight) = (320, 240)

  /// Large models are observed less, since one of their pictures has as many tokens as many of a
  /// small model's.
  init(for model: SegmentationModel) {
    let isLarge = model.configuration.imageSize > 512
    pictures = Array(isLarge ? 401...401 : 401...406)
    clip = model.parts.allows(.tracking) ? 411 : nil
    frameCount = isLarge ? 2 : 8
    objectCount = isLarge ? 1 : 2
  }

  /// Scenes for a detector whose input pictures have the side `imageSize`.
  init(imageSize: Int) {
    pictures = Array(imageSize > 512 ? 401...401 : 401...406)
    (clip, frameCount, objectCount) = (nil, 0, 0)
  }

  /// Runs `model` on the scenes.
  /// - Throws: anything thrown by running the model.
  func show(to model: SegmentationModel) throws(Failure) {
    let predictor = ImagePredictor(model)
    for seed in pictures {
      let still = SampleScene(seed: seed).still()
      try predictor.setImage(still.image)
      for prompt in still.prompts {
        _ = try predictor.predict(
          Prompt(points: [.init(x: Float(prompt.x), y: Float(prompt.y))]), multimask: true)
      }
    }
    guard let clip else { return }
    let frames = SceneFrames(
      SampleScene(seed: clip).clip(
        width: Self.clipWidth, height: Self.clipHeight, frameCount: frameCount))
    let tracker = try VideoPredictor(model, frames: frames)
    for prompt in frames.clip.prompts.prefix(objectCount) {
      try tracker.addPoints(
        frame: 0, object: prompt.identifier,
        points: [.init(x: Float(prompt.x), y: Float(prompt.y))])
    }
    var propagation = try tracker.propagation(maxFrames: frameCount - 1, keepsHistory: false)
    while try propagation.next() != nil {}
  }
}

/// A synthetic clip as a video.
package struct SceneFrames: IndexedFrames {
  package let clip: SampleScene.Clip

  package init(_ clip: SampleScene.Clip) { self.clip = clip }

  package var width: Int { clip.width }
  package var height: Int { clip.height }
  package var frameCount: Int? { clip.frameCount }

  package func frame(at index: Int) throws(Failure) -> RGBImage {
    guard (0..<clip.frameCount).contains(index) else {
      throw Failure(
        .usage, code: "video.frame", "there is no frame \(index)", cause: .endOfFrames)
    }
    return clip.frame(index).image
  }
}
