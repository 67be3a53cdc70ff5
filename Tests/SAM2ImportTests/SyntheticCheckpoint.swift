import Bytes
import SAM2Config
import Tensors

@testable import SAM2Import

/// A checkpoint of zeros with chosen names and shapes.
///
/// All tensors share one block of zeros, so that even Large costs a few megabytes.
struct SyntheticCheckpoint: TensorCollection {
  private(set) var names: [String] = []
  private var descriptions: [String: TensorDescription] = [:]
  private var storage = ByteStorage(byteCount: 0) { _ in }

  init(_ shapes: [(name: String, shape: [Int])], dtype: DType = .float32) {
    for (name, shape) in shapes { set(name, shape, dtype: dtype) }
  }

  /// The official tensors of a configuration.
  init(_ configuration: ModelConfiguration, dtype: DType = .float32) {
    let tensors = OfficialTensors(configuration)
    self.init(tensors.names.map { ($0, tensors.shapes[$0] ?? []) }, dtype: dtype)
  }

  mutating func set(_ name: String, _ shape: [Int], dtype: DType = .float32) {
    let description = TensorDescription(dtype: dtype, shape: Shape(shape))
    if descriptions.updateValue(description, forKey: name) == nil { names.append(name) }
    let bytes = description.shape.elementCount * dtype.byteCount
    if bytes > storage.byteCount { storage = ByteStorage(byteCount: bytes) { _ in } }
  }

  mutating func remove(_ name: String) {
    if descriptions.removeValue(forKey: name) != nil { names.removeAll { $0 == name } }
  }

  /// Renames every tensor.
  func prefixed(_ prefix: String) -> SyntheticCheckpoint {
    SyntheticCheckpoint(
      names.map { (prefix + $0, descriptions[$0]?.shape.dimensions ?? []) })
  }

  func description(of name: String) -> TensorDescription? { descriptions[name] }

  func tensor(_ name: String) throws(Failure) -> Tensor {
    guard let description = descriptions[name] else {
      throw Failure(.badInput, code: "synthetic.missing", "no tensor \(name)")
    }
    return try Tensor(dtype: description.dtype, shape: description.shape, storage: storage)
  }
}

func variant(_ name: String) -> ModelConfiguration {
  KnownVariants.named(name) ?? ModelConfiguration()
}

/// The code of the failure that `body` throws; nil when it throws none.
func failure(_ body: () throws(Failure) -> Void) -> Failure? {
  do {
    try body()
    return nil
  } catch {
    return error
  }
}
