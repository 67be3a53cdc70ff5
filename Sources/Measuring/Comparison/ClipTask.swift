internal import Bytes
internal import Calibration
internal import Media
internal import SAM2
internal import SampleScene

/// A clip through which two models track objects.
public struct ClipTask: Sendable {
  public enum Source: Sendable, Hashable {
    /// A video or a folder of frames; the objects are those the reference finds on the first frame.
    case file(String)
    /// A synthetic scene, whose objects and true masks are known.
    case scene(seed: UInt64)
  }

  public let source: Source
  /// Maximum number of frames to track.
  public let frameLimit: Int

  public init(_ source: Source, frameLimit: Int) {
    self.source = source
    self.frameLimit = frameLimit
  }

  /// The file name, without folders.
  public var name: String {
    switch source {
    case .file(let path): path.split(separator: "/").last.map(String.init) ?? path
    case .scene(let seed): "sample scene \(seed)"
    }
  }

  /// The clip used if none is given.
  public static func sample(frameLimit: Int) -> ClipTask {
    ClipTask(.scene(seed: 309), frameLimit: frameLimit)
  }

  private static let objectLimit = 2
  private static let (sceneWidth, sceneHeight) = (320, 240)

  /// A fresh reader of the frames.
  func frames() throws(Failure) -> any IndexedFrames {
    switch source {
    case .file(let path): try FrameSource(path: path)
    case .scene(let seed): SceneFrames(scene(seed))
    }
  }

  /// One click per object, on the first frame.
  func clicks(prompted model: SegmentationModel) throws(Failure) -> [Prompt.Point] {
    switch source {
    case .file(let path):
      var frames = try FrameSource(path: path)
      let image = try frames.frame(at: 0)
      let predictor = ImagePredictor(model)
      try predictor.setImage(image)
      return try ProbePrompts(
        predictor, width: image.width, height: image.height, limit: Self.objectLimit
      ).objects.map(\.click)
    case .scene(let seed):
      return scene(seed).prompts.map { Prompt.Point(x: Float($0.x), y: Float($0.y)) }
    }
  }

  /// The true masks of a frame's objects, in the order of the clicks; empty if unknown.
  func truths(frame: Int) -> [BinaryMask] {
    guard case .scene(let seed) = source else { return [] }
    let clip = scene(seed)
    let labels = clip.frame(frame).labels
    return clip.prompts.map { labels.mask(of: $0.identifier) }
  }

  private func scene(_ seed: UInt64) -> SampleScene.Clip {
    SampleScene(seed: seed).clip(
      width: Self.sceneWidth, height: Self.sceneHeight, frameCount: frameLimit)
  }
}
