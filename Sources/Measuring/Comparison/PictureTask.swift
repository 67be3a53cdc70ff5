internal import Bytes
internal import Calibration
internal import Media
internal import SAM2
internal import SampleScene

/// A picture on which two models are prompted.
public struct PictureTask: Sendable {
  public enum Source: Sendable, Hashable {
    /// A file; the prompts are about the objects the reference finds in it.
    case file(String)
    /// A synthetic scene, whose objects and true masks are known.
    case scene(seed: UInt64)
  }

  public let source: Source

  public init(_ source: Source) { self.source = source }

  /// The file name, without folders.
  public var name: String {
    switch source {
    case .file(let path): path.split(separator: "/").last.map(String.init) ?? path
    case .scene(let seed): "sample scene \(seed)"
    }
  }

  /// The pictures used if none are given.
  public static let samples: [PictureTask] = (301...308).map { .init(.scene(seed: $0)) }

  /// The picture, the prompts on it, and the true masks if known.
  struct Question {
    let image: RGBImage
    let prompts: [Prompt]
    let truths: [BinaryMask?]
  }

  private static let objectLimit = 4

  /// The question for both models; just the picture if one of them has no decoder.
  /// - Throws: anything thrown by reading the file and running the model.
  func question(
    prompted model: SegmentationModel, hasMasks: Bool
  ) throws(Failure) -> Question {
    switch source {
    case .file(let path):
      let image = try ImageReader.read(path)
      guard hasMasks else { return Question(image: image, prompts: [], truths: []) }
      let predictor = ImagePredictor(model)
      try predictor.setImage(image)
      let objects = try ProbePrompts(
        predictor, width: image.width, height: image.height, limit: Self.objectLimit
      ).objects
      let prompts = objects.flatMap { object in
        [Prompt(points: [object.click])] + (object.box.map { [Prompt(box: $0)] } ?? [])
      }
      return Question(image: image, prompts: prompts, truths: prompts.map { _ in nil })
    case .scene(let seed):
      let still = SampleScene(seed: seed).still()
      guard hasMasks else { return Question(image: still.image, prompts: [], truths: []) }
      let prompts = still.prompts.flatMap(\.clickAndBox)
      let truths = still.prompts.flatMap { prompt in
        let truth = still.labels.mask(of: prompt.identifier)
        return [truth, truth]
      }
      return Question(image: still.image, prompts: prompts, truths: truths)
    }
  }
}
