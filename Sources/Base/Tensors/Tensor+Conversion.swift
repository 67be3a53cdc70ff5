// Element conversions. Narrowing rounds to nearest, ties to even, as IEEE 754 and PyTorch do.

public import Bytes

extension Tensor {
  /// The elements as 32-bit floats (exact for f32, f16, bf16 and small integers; f64 is rounded).
  public func floats() -> [Float] {
    withUnsafeBytes { bytes in
      func read<T>(_: T.Type, _ convert: (T) -> Float) -> [Float] {
        [Float](unsafeUninitializedCapacity: elementCount) { out, count in
          for i in 0..<elementCount {
            out.initializeElement(
              at: i,
              to: convert(
                bytes.loadUnaligned(fromByteOffset: i &* MemoryLayout<T>.size, as: T.self)))
          }
          count = elementCount
        }
      }
      return switch dtype {
      case .float32: read(Float.self) { $0 }
      case .float16: read(Float16.self) { Float($0) }
      case .bfloat16: read(UInt16.self) { Float(bitPattern: UInt32($0) << 16) }
      case .float64: read(Double.self) { Float($0) }
      case .int8: read(Int8.self) { Float($0) }
      case .uint8, .bool: read(UInt8.self) { Float($0) }
      case .int16: read(Int16.self) { Float($0) }
      case .int32: read(Int32.self) { Float($0) }
      case .int64: read(Int64.self) { Float($0) }
      }
    }
  }

  /// The same values converted to `target`, which is f32, f16 or bf16.
  ///
  /// Returns self if that changes nothing.
  public func converted(to target: DType) -> Tensor {
    if target == dtype { return self }
    let values = floats()
    if target == .float32 { return Tensor(values, shape: shape) }
    return Tensor(dtype: target, shape: shape) { out in
      values.withUnsafeBufferPointer { Tensor.narrow($0, to: target, out) }
    }
  }

  /// A float32 tensor's values as bfloat16, in memory from `pool`.
  public func bfloat16(pool: StoragePool) -> Tensor {
    precondition(dtype == .float32, "only float32 is rounded in place")
    return Tensor(dtype: .bfloat16, shape: shape, pool: pool) { out in
      withUnsafeBytes { bytes in
        bytes.withMemoryRebound(to: Float.self) { Tensor.narrow($0, to: .bfloat16, out) }
      }
    }
  }

  private static func narrow(
    _ values: UnsafeBufferPointer<Float>, to target: DType, _ out: UnsafeMutableRawBufferPointer
  ) {
    switch target {
    case .float16:
      for (i, value) in values.enumerated() {
        out.storeBytes(of: Float16(value), toByteOffset: i &* 2, as: Float16.self)
      }
    case .bfloat16:
      for (i, value) in values.enumerated() {
        out.storeBytes(of: bfloat16Bits(value), toByteOffset: i &* 2, as: UInt16.self)
      }
    case .float32, .float64, .int8, .uint8, .int16, .int32, .int64, .bool:
      preconditionFailure("conversion to \(target.name) narrows no floats")
    }
  }
}

/// Bits of `value` rounded to bfloat16, ties to even; NaN stays NaN.
public func bfloat16Bits(_ value: Float) -> UInt16 {
  if value.isNaN { return UInt16(truncatingIfNeeded: value.bitPattern >> 16) | 0x40 }
  let bits = value.bitPattern
  return UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ ((bits >> 16) & 1)) >> 16)
}
