import Bytes
import Graph
import Tensors

/// Weights of a model in their official shapes; int8 weights times their scales are float32, as are
/// the zeros for weights that it lacks.
struct OfficialWeights: TensorCollection {
  let names: [String]
  private let weights: WeightTable
  private let shapes: [String: Shape]

  init(_ weights: WeightTable, _ official: OfficialTensors) {
    names = official.names
    self.weights = weights
    shapes = official.shapes.mapValues { Shape($0) }
  }

  func description(of name: String) -> TensorDescription? {
    guard let shape = shapes[name] else { return nil }
    let stored = weights[name]?.dtype ?? Self.absentType(name)
    return TensorDescription(dtype: stored == .int8 ? .float32 : stored, shape: shape)
  }

  func tensor(_ name: String) throws(Failure) -> Tensor {
    guard let shape = shapes[name] else {
      throw Failure(.badInput, code: "tensor.missing", "the model has no tensor \(printable(name))")
    }
    guard let tensor = weights[name] else {
      return unsafe Tensor(dtype: Self.absentType(name), shape: shape) { _ in }
    }
    // Int8 products have matrices for 1x1 kernels; the exporter has checked the element count.
    return (tensor.dtype == .int8 ? try dequantized(tensor, name) : tensor).reshaped(shape)
  }

  /// The type of the zeros that replace a tensor the model lacks.
  private static func absentType(_ name: String) -> DType {
    OfficialTensors.isCounter(name) ? .int64 : .float32
  }

  private func dequantized(_ tensor: Tensor, _ name: String) throws(Failure) -> Tensor {
    var values = tensor.floats()
    try WeightScales.apply(&values, name, weights)
    return Tensor(values, shape: tensor.shape)
  }
}
