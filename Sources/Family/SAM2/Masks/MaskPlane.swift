import Bytes
import Media
import Tensors

/// Operations that resize masks.
enum MaskPlane {
  /// Logits at the original picture's size, [height, width], from logits [S/4, S/4].
  static func enlarge(_ logits: Tensor, width: Int, height: Int) -> [Float] {
    Resizer.bilinear(
      logits.floats(), fromWidth: logits.shape[-1], fromHeight: logits.shape[-2], width: width,
      height: height)
  }

  /// The mask of the original picture: where its logits [height, width] are positive.
  static func mask(_ logits: Tensor, width: Int, height: Int) -> BinaryMask {
    let plane = EnlargedPlane(
      fromWidth: logits.shape[-1], fromHeight: logits.shape[-2], width: width, height: height)
    return logits.floats().withUnsafeBufferPointer { plane.mask($0, threshold: 0) }
  }

  /// A mask of a video frame at the model's input size: [1, S, S, 1], 1 inside and 0 outside.
  ///
  /// Resized with antialiased bilinear filtering and then thresholded at one half, as the reference
  /// does. The resizer works on pictures, so the mask is passed as a grey one.
  static func modelMask(_ mask: BinaryMask, imageSize: Int) -> Tensor {
    let shape: Shape = [1, imageSize, imageSize, 1]
    if mask.width == imageSize, mask.height == imageSize {
      return Tensor(mask.bits.map { $0 ? Float(1) : 0 }, shape: shape)
    }
    let gray = RGBImage(
      width: mask.width, height: mask.height,
      pixels: mask.bits.flatMap { bit in repeatElement(bit ? 255 : 0, count: 3) })
    let resized = Resizer.antialiased(
      gray, width: imageSize, height: imageSize, mean: [0, 0, 0], standardDeviation: [1, 1, 1])
    let values = stride(from: 0, to: resized.count, by: 3).map { resized[$0] >= 0.5 ? Float(1) : 0 }
    return Tensor(values, shape: shape)
  }

  /// Logits clamped as the reference clamps those it feeds back as a mask prompt.
  static func clamped(_ logits: Tensor, to limit: Float = 32) -> Tensor {
    Tensor(logits.floats().map { min(max($0, -limit), limit) }, shape: logits.shape)
  }
}

extension MaskPlane {
  /// Assigns each pixel to the object with the highest logit (on a tie, the first); the others'
  /// logits are lowered to at most -10.
  static func removeOverlaps(_ planes: inout [[Float]]) {
    guard planes.count > 1 else { return }
    for pixel in planes[0].indices {
      let owner = planes.indices.reduce(0) { planes[$1][pixel] > planes[$0][pixel] ? $1 : $0 }
      for object in planes.indices where object != owner {
        planes[object][pixel] = min(planes[object][pixel], -10)
      }
    }
  }
}
