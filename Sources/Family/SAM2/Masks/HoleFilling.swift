import Media
import Tensors

/// Fills small holes in masks: the reference's `fill_holes_in_mask_scores`, which needs CUDA there.
enum HoleFilling {
  /// Logit given to the pixels of a filled hole: just inside.
  static let filledLogit: Float = 0.1

  /// Raises the small holes in `logits` [height, width] to 0.1.
  ///
  /// A hole is a component of the background (logits <= 0, connected across edges and corners) of
  /// at most `maximumArea` pixels. 0 changes nothing.
  static func fill(_ logits: Tensor, maximumArea: Int) -> Tensor {
    guard maximumArea > 0 else { return logits }
    var values = logits.floats()
    let (height, width) = (logits.shape[-2], logits.shape[-1])
    fill(&values, height: height, width: width, maximumArea: maximumArea)
    return Tensor(values, shape: logits.shape)
  }

  static func fill(_ values: inout [Float], height: Int, width: Int, maximumArea: Int) {
    ConnectedRegions.forEach(in: values.map { $0 <= 0 }, width: width, height: height) { pixels in
      guard pixels.count <= maximumArea else { return }
      for pixel in pixels { values[pixel] = filledLogit }
    }
  }
}
