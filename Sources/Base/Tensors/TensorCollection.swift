public import Bytes

/// Named tensors, as a checkpoint holds them: listed without reading, read when asked.
public protocol TensorCollection: Sendable {
  /// Names in the order of the file.
  var names: [String] { get }
  /// Type and shape of a tensor, without reading its elements; nil when there is none of that name.
  func description(of name: String) -> TensorDescription?
  /// The tensor, contiguous and row-major.
  func tensor(_ name: String) throws(Failure) -> Tensor
  /// Checks all that the format can check, also parts that hold no tensors.
  func verify() throws(Failure)
}

extension TensorCollection {
  /// Reads every tensor.
  public func verify() throws(Failure) {
    for name in names { _ = try tensor(name) }
  }
}

/// Type and shape of a tensor that may not have been read yet.
public struct TensorDescription: Hashable, Sendable {
  public var dtype: DType
  public var shape: Shape
  /// Name of the layer to which the tensor belongs, where a format keeps that beside the names of
  /// tensors, as Keras does.
  public var layer: String?

  public init(dtype: DType, shape: Shape, layer: String? = nil) {
    self.dtype = dtype
    self.shape = shape
    self.layer = layer
  }
}
