import Bytes
import Tensors

/// A checkpoint presented under other names and, where its author used another layout, in the
/// official shapes.
///
/// Renamed tensors and rows of matrices are views of the originals; arrays with another order of
/// axes are copied each time they are requested.
struct RenamedTensors: TensorCollection {
  /// Where a tensor comes from.
  enum Source: Sendable {
    case tensor(String)
    /// One row of a matrix, as a matrix.
    case row(String, Int)
    case transposed(String, KerasTranspose)
    /// Matrices of the same shape and type, with their rows concatenated.
    case stacked([String])
    /// Left out of the checkpoint, because it is not used in any computation.
    case zeros(TensorDescription)
  }

  private(set) var names: [String] = []
  private var sources: [String: Source] = [:]
  private let base: any TensorCollection

  /// Starts without any tensors of `base`.
  init(_ base: any TensorCollection) { self.base = base }

  /// Adds a tensor; false when there already is one of that name.
  mutating func add(_ name: String, _ source: Source) -> Bool {
    guard sources[name] == nil else { return false }
    sources[name] = source
    names.append(name)
    return true
  }

  mutating func remove(_ removed: Set<String>) {
    names.removeAll { removed.contains($0) }
    for name in removed { sources[name] = nil }
  }

  func description(of name: String) -> TensorDescription? {
    switch sources[name] {
    case .tensor(let original): return base.description(of: original)
    case .row(let original, let index):
      guard let whole = base.description(of: original), whole.shape.rank == 2,
        index < whole.shape[0]
      else { return nil }
      return TensorDescription(dtype: whole.dtype, shape: Shape([1, whole.shape[1]]))
    case .transposed(let original, let transpose):
      guard let stored = base.description(of: original),
        let plan = transpose.plan(stored.shape.dimensions)
      else { return nil }
      return TensorDescription(dtype: stored.dtype, shape: Shape(plan.sizes))
    case .stacked(let originals):
      guard let first = originals.first.flatMap({ base.description(of: $0) }),
        first.shape.rank == 2,
        originals.allSatisfy({ base.description(of: $0) == first })
      else { return nil }
      return TensorDescription(
        dtype: first.dtype,
        shape: Shape([first.shape[0] * originals.count, first.shape[1]]))
    case .zeros(let description): return description
    case nil: return nil
    }
  }

  func tensor(_ name: String) throws(Failure) -> Tensor {
    // A tensor with a description has a source that fits it.
    guard let source = sources[name], let description = description(of: name) else {
      throw Failure(
        .badInput, code: "tensor.missing", "the checkpoint has no tensor \(printable(name))")
    }
    switch source {
    case .tensor(let original): return try base.tensor(original)
    case .row(let original, let index):
      return try base.tensor(original)[index].reshaped(description.shape)
    case .transposed(let original, let transpose):
      let stored = try base.tensor(original)
      guard let plan = transpose.plan(stored.shape.dimensions) else { return stored }
      let transposed = stored.permuted(plan.axes).reshaped(description.shape)
      // From here on, only the copy is needed.
      stored.storage.releasePages(
        in: stored.byteOffset..<(stored.byteOffset + stored.byteCount))
      return transposed
    case .stacked(let originals):
      var parts: [Tensor] = []
      for original in originals { parts.append(try base.tensor(original)) }
      return unsafe Tensor(dtype: description.dtype, shape: description.shape) { bytes in
        var start = 0
        for part in parts {
          unsafe part.withUnsafeBytes {
            unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[start...]).copyBytes(from: $0)
          }
          start += part.byteCount
        }
      }
    case .zeros: return unsafe Tensor(dtype: description.dtype, shape: description.shape) { _ in }
    }
  }

  func verify() throws(Failure) { try base.verify() }
}
