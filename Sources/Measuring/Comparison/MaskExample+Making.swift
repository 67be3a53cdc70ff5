internal import Media
internal import SAM2
internal import Tensors

extension MaskExample {
  /// Length of an example's longer side in pixels.
  private static let side = 320

  /// An example from two planes of logits [S/4, S/4] over `picture`.
  init(
    name: String, detail: String, iou: Double, picture: RGBImage, prompt: Prompt?,
    reference: Tensor, candidate: Tensor
  ) {
    let scale = min(1, Double(Self.side) / Double(max(picture.width, picture.height)))
    let width = max(1, Int((Double(picture.width) * scale).rounded()))
    let height = max(1, Int((Double(picture.height) * scale).rounded()))
    self.name = name
    self.detail = detail
    self.iou = iou
    image =
      width == picture.width && height == picture.height
      ? picture : Resizer.likePIL(picture, width: width, height: height)
    self.reference = reference.mask(width: width, height: height)
    self.candidate = candidate.mask(width: width, height: height)
    let (x, y) = (
      Double(width) / Double(picture.width), Double(height) / Double(picture.height)
    )
    var marks = (prompt?.points ?? []).map { point in
      Overlay.Prompt.point(
        x: Double(point.x) * x, y: Double(point.y) * y, isPositive: point.label == 1)
    }
    if let box = prompt?.box {
      marks.append(
        .box(
          left: Double(box.x0) * x, top: Double(box.y0) * y, right: Double(box.x1) * x,
          bottom: Double(box.y1) * y))
    }
    prompts = marks
  }
}

extension Tensor {
  /// The mask of the positive logits [S/4, S/4], resized.
  func mask(width: Int, height: Int) -> BinaryMask {
    let plane = Resizer.bilinear(
      floats(), fromWidth: shape[1], fromHeight: shape[0], width: width, height: height)
    return BinaryMask(width: width, height: height, logits: plane)
  }
}
