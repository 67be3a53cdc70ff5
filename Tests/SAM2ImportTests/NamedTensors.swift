import Bytes
import Tensors

/// Tensors in memory, with the names of their layers where they have such.
struct NamedTensors: TensorCollection {
  private(set) var names: [String] = []
  private var tensors: [String: Tensor] = [:]
  private var layers: [String: String] = [:]

  init(_ entries: [(String, Tensor)] = []) {
    for (name, tensor) in entries { set(name, tensor) }
  }

  mutating func set(_ name: String, _ tensor: Tensor, layer: String? = nil) {
    if tensors.updateValue(tensor, forKey: name) == nil { names.append(name) }
    layers[name] = layer
  }

  mutating func remove(_ name: String) {
    tensors[name] = nil
    names.removeAll { $0 == name }
  }

  func description(of name: String) -> TensorDescription? {
    tensors[name].map {
      TensorDescription(dtype: $0.dtype, shape: $0.shape, layer: layers[name])
    }
  }

  func tensor(_ name: String) throws(Failure) -> Tensor {
    guard let tensor = tensors[name] else {
      throw Failure(.badInput, code: "tensor.missing", "no tensor \(name)")
    }
    return tensor
  }
}
