public import Bytes
public import Graph
public import Tensors

/// A value of the interpreter: a row-major tensor whose elements are all held as `Double`, which is
/// exact for every float and for every 32-bit integer.
public struct ReferenceValue: Hashable, Sendable {
  public let element: ElementType
  public let shape: [Int]
  public let values: [Double]

  /// For values that the program itself made: the count must match the shape.
  public init(_ shape: [Int], _ values: [Double], element: ElementType = .float) {
    precondition(values.count == shape.reduce(1, *), "value count does not match the shape")
    self.element = element
    self.shape = shape
    self.values = values
  }

  /// The elements of a tensor, unrounded.
  /// - Throws: `reference.dtype` when graphs have no such element type.
  public init(_ tensor: Tensor) throws(Failure) {
    guard let element = tensor.dtype.elementType else {
      throw Failure(
        .badInput, code: "reference.dtype", "graphs have no values of type \(tensor.dtype.name)")
    }
    let values =
      switch element {
      case .float, .int8: tensor.floats().map(Double.init)
      case .int32: tensor.integers().map(Double.init)
      }
    self.init(tensor.shape.dimensions, values, element: element)
  }

  public var type: TensorType { TensorType(element, shape.map { Dim(constant: $0) }) }

  /// The elements rounded to 32-bit floats, as kernels deliver them.
  public func floats() -> [Float] { values.map(Float.init) }
}

extension ReferenceValue {
  /// Size of the last axis.
  var columns: Int { shape.last ?? 1 }
  /// Product of all axes but the last.
  var rows: Int { shape.dropLast().reduce(1, *) }
  /// Distance between neighbours along each axis, in elements.
  var strides: [Int] {
    var strides: [Int] = []
    var step = 1
    for size in shape.reversed() {
      strides.append(step)
      step *= size
    }
    return strides.reversed()
  }

  /// Elements of one row.
  func row(_ index: Int) -> ArraySlice<Double> {
    values[(index * columns)..<((index + 1) * columns)]
  }

  func map(_ function: (Double) -> Double) -> ReferenceValue {
    ReferenceValue(shape, values.map(function))
  }
}

extension Tensor {
  /// The elements of an int32 tensor.
  fileprivate func integers() -> [Int32] {
    withUnsafeBytes { bytes in
      (0..<elementCount).map { bytes.loadUnaligned(fromByteOffset: $0 * 4, as: Int32.self) }
    }
  }
}
