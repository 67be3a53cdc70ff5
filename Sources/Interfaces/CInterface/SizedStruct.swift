import Bytes
import CSAM2

/// A C struct whose first member is its size as known to the caller.
protocol SizedStruct {
  /// Size of the struct in version 1.0 of the interface; no caller knows a smaller one.
  static var firstSize: Int { get }
  // swift-format-ignore: AlwaysUseLowerCamelCase
  var struct_size: Int { get set }
}

/// More than any version of a struct will have; a greater size is an error.
private let maximumSize = 1 << 16

/// - Throws: `argument.struct_size`.
func checkSize<Value: SizedStruct>(of pointer: UnsafePointer<Value>) throws(Failure) {
  let size = UnsafeRawPointer(pointer).loadUnaligned(as: Int.self)
  guard (Value.firstSize...maximumSize).contains(size) else {
    throw Failure(
      .usage, code: "argument.struct_size",
      "struct_size of a \(Value.self) is \(size), not \(MemoryLayout<Value>.size)",
      hint: "set it to sizeof(\(Value.self)) before the call")
  }
}

func checkSize<Value: SizedStruct>(of pointer: UnsafeMutablePointer<Value>) throws(Failure) {
  try checkSize(of: UnsafePointer(pointer))
}

/// `defaults`, overridden by the members of `pointer` that both sides know; null gives `defaults`.
/// - Throws: `argument.struct_size`.
func members<Value: SizedStruct & BitwiseCopyable>(
  of pointer: UnsafePointer<Value>?, defaults: Value
) throws(Failure) -> Value {
  guard let pointer else { return defaults }
  try checkSize(of: pointer)
  var value = defaults
  withUnsafeMutableBytes(of: &value) { bytes in
    let known = min(UnsafeRawPointer(pointer).loadUnaligned(as: Int.self), bytes.count)
    bytes.copyMemory(from: UnsafeRawBufferPointer(start: pointer, count: known))
  }
  return value
}

/// Writes the members of `value` that both sides know to `pointer`, whose size the caller has set.
/// - Throws: `argument.null`, `argument.struct_size`.
func assign<Value: SizedStruct & BitwiseCopyable>(
  _ value: Value, to pointer: UnsafeMutablePointer<Value>?
) throws(Failure) {
  guard let pointer else { throw .null("\(Value.self)") }
  try checkSize(of: pointer)
  fill(pointer, with: value, size: UnsafeRawPointer(pointer).loadUnaligned(as: Int.self))
}

/// Sets the members of `pointer` to `defaults` and its size to `size`; members unknown to this
/// library become zero.
func initialise<Value: SizedStruct & BitwiseCopyable>(
  _ pointer: UnsafeMutablePointer<Value>?, size: Int, defaults: Value
) {
  guard let pointer, (Value.firstSize...maximumSize).contains(size) else { return }
  UnsafeMutableRawPointer(pointer).initializeMemory(as: UInt8.self, repeating: 0, count: size)
  fill(pointer, with: defaults, size: size)
}

private func fill<Value: SizedStruct & BitwiseCopyable>(
  _ pointer: UnsafeMutablePointer<Value>, with value: Value, size: Int
) {
  var value = value
  value.struct_size = size
  withUnsafeBytes(of: &value) { bytes in
    UnsafeMutableRawBufferPointer(start: pointer, count: size)
      .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes.prefix(size)))
  }
}

// Sizes on 64-bit machines; `layout.c` of CSAM2 makes the compiler check them.

extension sam2_error: SizedStruct {
  static var firstSize: Int { 1104 }
}

extension sam2_model_options: SizedStruct {
  static var firstSize: Int { 32 }
}

extension sam2_model_info: SizedStruct {
  static var firstSize: Int { 32 }
}

extension sam2_image: SizedStruct {
  static var firstSize: Int { 40 }
}

extension sam2_prompt: SizedStruct {
  static var firstSize: Int { 80 }
}

extension sam2_result_info: SizedStruct {
  static var firstSize: Int { 40 }
}

extension sam2_mask_info: SizedStruct {
  static var firstSize: Int { 80 }
}

extension sam2_automatic_options: SizedStruct {
  static var firstSize: Int { 120 }
}

extension sam2_tracker_options: SizedStruct {
  static var firstSize: Int { 72 }
}
