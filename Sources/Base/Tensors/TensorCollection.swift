public import Bytes

/// Named tensors, as in a checkpoint: listed without being read, and read on request.
public protocol TensorCollection: Sendable {
  /// Names, in file order.
  var names: [String] { get }
  /// Type and shape of a tensor, without reading its elements; nil if no tensor has that name.
  func description(of name: String) -> TensorDescription?
  /// The tensor, contiguous and row-major.
  func tensor(_ name: String) throws(Failure) -> Tensor
  /// Checks everything that the format can check, including parts that hold no tensors.
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
  /// Name of the layer to which the tensor belongs, in formats that store it separately from the
  /// names of tensors, as Keras does.
  public var layer: String?

  public init(dtype: DType, shape: Shape, layer: String? = nil) {
    self.dtype = dtype
    self.shape = shape
    self.layer = layer
  }
}
