package import Bytes
internal import Graph
package import Media
internal import Runtime
internal import SAM2
internal import Tensors

/// One picture or clip that several models segment in the same way.
struct Probe: Sendable {
  enum Material: Sendable {
    /// A picture with clicks and boxes.
    case picture(path: String, prompts: [Prompt])
    /// The first frames of a clip, with a click on the first frame for each object.
    case clip(path: String, clicks: [Prompt.Point], frameCount: Int)
    /// A picture panned over by a simulated camera, which serves as a clip if there is none.
    case panned(path: String, clicks: [Prompt.Point], frameCount: Int)
  }

  let name: String
  let material: Material

  var isClip: Bool { if case .picture = material { false } else { true } }

  /// A copy with at most `frameCount` frames if it is a clip.
  func first(_ frameCount: Int) -> Probe {
    switch material {
    case .picture: self
    case .clip(let path, let clicks, let count):
      Probe(
        name: name,
        material: .clip(path: path, clicks: clicks, frameCount: min(count, frameCount)))
    case .panned(let path, let clicks, let count):
      Probe(
        name: name,
        material: .panned(path: path, clicks: clicks, frameCount: min(count, frameCount)))
    }
  }

  /// Masks in order: for a picture, the best for each prompt; for a clip, each frame's objects in
  /// order.
  ///
  /// `beforeFrame` is called with the index of each frame before it is tracked.
  func masks(
    by model: SegmentationModel, beforeFrame: (Int) -> Void = { _ in }
  ) throws(Failure) -> [BinaryMask] {
    var masks: [BinaryMask] = []
    try run(
      model, beforeFrame: beforeFrame,
      onPrediction: { masks.append($0.lowResolutionMask($0.best)) },
      onObject: { masks.append(BinaryMask(logits: $0)) })
    return masks
  }

  /// Mask logits, [S/4, S/4] each, in the order of `masks`, with all candidates of each prompt.
  func logits(by model: SegmentationModel) throws(Failure) -> [Tensor] {
    var planes: [Tensor] = []
    try run(
      model,
      onPrediction: { prediction in
        for index in 0..<prediction.predictedIoUs.count {
          planes.append(prediction.lowResolutionLogits[index])
        }
      }, onObject: { planes.append($0) })
    return planes
  }

  private func run(
    _ model: SegmentationModel, beforeFrame: (Int) -> Void = { _ in },
    onPrediction: (MaskPrediction) -> Void, onObject: (Tensor) -> Void
  ) throws(Failure) {
    switch material {
    case .picture(let path, let prompts):
      try Self.segment(try ImageReader.read(path), prompts, model, onPrediction)
    case .clip(let path, let clicks, let frameCount):
      try Self.track(
        try FrameSource(path: path), clicks, frameCount, model, beforeFrame, onObject)
    case .panned(let path, let clicks, let frameCount):
      let frames = PannedPicture(try ImageReader.read(path), frameCount: frameCount)
      try Self.track(frames, clicks, frameCount, model, beforeFrame, onObject)
    }
  }

  private static func segment(
    _ picture: RGBImage, _ prompts: [Prompt], _ model: SegmentationModel,
    _ onPrediction: (MaskPrediction) -> Void
  ) throws(Failure) {
    let predictor = ImagePredictor(model)
    try predictor.setImage(picture)
    for prompt in prompts {
      // As the tools do: candidates for a single click, one mask for less ambiguous prompts.
      onPrediction(try predictor.predict(prompt, multimask: prompt.box == nil))
    }
  }

  private static func track(
    _ frames: any IndexedFrames, _ clicks: [Prompt.Point], _ frameCount: Int,
    _ model: SegmentationModel, _ beforeFrame: (Int) -> Void, _ onObject: (Tensor) -> Void
  ) throws(Failure) {
    let predictor = try VideoPredictor(model, frames: frames)
    for (index, click) in clicks.enumerated() {
      try predictor.addPoints(frame: 0, object: index + 1, points: [click])
    }
    var propagation = try predictor.propagation(maxFrames: frameCount - 1, keepsHistory: false)
    beforeFrame(0)
    while let result = try propagation.next() {
      beforeFrame(result.frame + 1)
      for object in result.objects { onObject(object.lowResolutionLogits) }
    }
  }
}

/// A picture as a video: a window nine tenths of its size that moves from corner to corner.
package struct PannedPicture: IndexedFrames {
  let picture: RGBImage
  let count: Int
  package let width: Int
  package let height: Int

  package init(_ picture: RGBImage, frameCount: Int) {
    self.picture = picture
    count = frameCount
    width = max(1, picture.width * 9 / 10)
    height = max(1, picture.height * 9 / 10)
  }

  package var frameCount: Int? { count }

  package func frame(at index: Int) throws(Failure) -> RGBImage {
    let steps = max(1, count - 1)
    let left = (picture.width - width) * index / steps
    let top = (picture.height - height) * index / steps
    var pixels: [UInt8] = []
    pixels.reserveCapacity(3 * width * height)
    for row in top..<(top + height) {
      let start = 3 * (row * picture.width + left)
      pixels.append(contentsOf: picture.pixels[start..<(start + 3 * width)])
    }
    return RGBImage(width: width, height: height, pixels: pixels)
  }
}
