internal import Graph
internal import Tensors

extension SmoothingGroup {
  /// Shifts and divides the value in its producers and compensates in its users, so that the model
  /// computes the same results.
  func fold(_ smoothing: Smoothing, into weights: inout WeightTable) {
    if let offsets = smoothing.offsets { shift(by: offsets, &weights) }
    scale(by: smoothing.factors, &weights)
  }

  private func shift(by offsets: [Float], _ weights: inout WeightTable) {
    guard let origin, let vector = weights[origin.name] else { return }
    var values = vector.floats()
    for k in offsets.indices { values[origin.start + k] -= offsets[k] }
    weights.set(origin.name, Tensor(values, shape: vector.shape))
    for consumer in consumers {
      guard let name = consumer.bias, let bias = weights[name],
        let matrix = weights[consumer.weight]?.floats()
      else { continue }
      var values = bias.floats()
      for row in values.indices {
        var sum = Double(values[row])
        for k in offsets.indices {
          sum += Double(matrix[row * offsets.count + k]) * Double(offsets[k])
        }
        values[row] = Float(sum)
      }
      weights.set(name, Tensor(values, shape: bias.shape))
    }
  }

  private func scale(by factors: [Float], _ weights: inout WeightTable) {
    for (name, start) in vectors {
      guard let tensor = weights[name] else { continue }
      var values = tensor.floats()
      for k in factors.indices { values[start + k] /= factors[k] }
      weights.set(name, Tensor(values, shape: tensor.shape))
    }
    for (name, start) in matrices {
      guard let tensor = weights[name] else { continue }
      var values = tensor.floats()
      let depth = tensor.elementCount / max(1, tensor.shape[0])
      for row in factors.indices {
        for i in ((start + row) * depth)..<((start + row + 1) * depth) { values[i] /= factors[row] }
      }
      weights.set(name, Tensor(values, shape: tensor.shape))
    }
    for name in consumers.map(\.weight) {
      guard let tensor = weights[name] else { continue }
      var values = tensor.floats()
      for i in values.indices { values[i] *= factors[i % factors.count] }
      weights.set(name, Tensor(values, shape: tensor.shape))
    }
  }
}
