package import Bytes
internal import Graph
package import Media
internal import Runtime
internal import SAM2

/// One picture or clip that is segmented the same way by several models.
struct Probe: Sendable {
  enum Material: Sendable {
    /// A picture, with clicks and boxes.
    case picture(path: String, prompts: [Prompt])
    /// The first frames of a clip, with a click for each object on the first.
    case clip(path: String, clicks: [Prompt.Point], frameCount: Int)
    /// A picture that a camera seems to pan over: a clip where there is none.
    case panned(path: String, clicks: [Prompt.Point], frameCount: Int)
  }

  let name: String
  let material: Material

  /// Masks in order: for a picture one for each prompt, for a clip object after object of each
  /// frame.
  ///
  /// `beforeFrame` is called with each frame that is about to be tracked.
  func masks(
    by model: SegmentationModel, beforeFrame: (Int) -> Void = { _ in }
  ) throws(Failure) -> [BinaryMask] {
    switch material {
    case .picture(let path, let prompts):
      return try Self.segment(try ImageReader.read(path), prompts, model)
    case .clip(let path, let clicks, let frameCount):
      return try Self.track(
        try FrameSource(path: path), clicks, frameCount, model, beforeFrame)
    case .panned(let path, let clicks, let frameCount):
      let frames = PannedPicture(try ImageReader.read(path), frameCount: frameCount)
      return try Self.track(frames, clicks, frameCount, model, beforeFrame)
    }
  }

  var isClip: Bool { if case .picture = material { false } else { true } }

  private static func segment(
    _ picture: RGBImage, _ prompts: [Prompt], _ model: SegmentationModel
  ) throws(Failure) -> [BinaryMask] {
    let predictor = ImagePredictor(model)
    try predictor.setImage(picture)
    var masks: [BinaryMask] = []
    for prompt in prompts {
      // As the tools do: candidates for a single click, one mask for what is less ambiguous.
      let prediction = try predictor.predict(prompt, multimask: prompt.box == nil)
      masks.append(prediction.lowResolutionMask(prediction.best))
    }
    return masks
  }

  private static func track(
    _ frames: any IndexedFrames, _ clicks: [Prompt.Point], _ frameCount: Int,
    _ model: SegmentationModel, _ beforeFrame: (Int) -> Void
  ) throws(Failure) -> [BinaryMask] {
    let predictor = try VideoPredictor(model, frames: frames)
    for (index, click) in clicks.enumerated() {
      try predictor.addPoints(frame: 0, object: index + 1, points: [click])
    }
    var masks: [BinaryMask] = []
    var propagation = try predictor.propagation(maxFrames: frameCount - 1, keepsHistory: false)
    beforeFrame(0)
    while let result = try propagation.next() {
      beforeFrame(result.frame + 1)
      for object in result.objects {
        let plane = object.lowResolutionLogits
        masks.append(
          BinaryMask(width: plane.shape[1], height: plane.shape[0], logits: plane.floats()))
      }
    }
    return masks
  }
}

/// A picture as a video: a window of nine tenths of it that moves from corner to corner.
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
