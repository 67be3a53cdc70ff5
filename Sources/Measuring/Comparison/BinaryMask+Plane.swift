internal import Media
internal import Tensors

extension BinaryMask {
  /// Set where logits [height, width] are positive.
  init(plane: Tensor) {
    self.init(width: plane.shape[1], height: plane.shape[0], logits: plane.floats())
  }
}
