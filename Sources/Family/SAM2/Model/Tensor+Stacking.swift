import Tensors

extension Tensor {
  /// Stacks tensors of one type and shape along a new first axis.
  ///
  /// A single tensor is not copied.
  init(stacking parts: [Tensor]) {
    precondition(!parts.isEmpty && parts.allSatisfy { $0.shape == parts[0].shape })
    let shape = Shape([parts.count] + parts[0].shape.dimensions)
    guard parts.count > 1 else {
      self = parts[0].reshaped(shape)
      return
    }
    self.init(dtype: parts[0].dtype, shape: shape) { out in
      var offset = 0
      for part in parts {
        part.withUnsafeBytes { bytes in
          UnsafeMutableRawBufferPointer(rebasing: out[offset..<(offset + bytes.count)])
            .copyMemory(from: bytes)
          offset += bytes.count
        }
      }
    }
  }

  /// The same elements as the only row of a new first axis.
  var asBatch: Tensor { reshaped(Shape([1] + shape.dimensions)) }

  /// Repeats a tensor whose first axis is 1 `count` times along that axis.
  func repeated(_ count: Int) -> Tensor {
    Tensor(stacking: Array(repeating: self[0], count: count))
  }
}
