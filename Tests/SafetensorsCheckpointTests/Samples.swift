import Bytes
import SafetensorsCheckpoint
import Tensors

/// A file from the text of its header and its data; `length` replaces its true length when given.
func file(_ header: String, data: [UInt8] = [], length: UInt64? = nil) -> [UInt8] {
  file(Array(header.utf8), data: data, length: length)
}

func file(_ header: [UInt8], data: [UInt8] = [], length: UInt64? = nil) -> [UInt8] {
  littleEndianBytes(length ?? UInt64(header.count)) + header + data
}

func checkpoint(_ bytes: [UInt8]) throws -> SafetensorsCheckpoint {
  try SafetensorsCheckpoint(
    storage: ByteStorage(byteCount: bytes.count) { $0.copyBytes(from: bytes) })
}

/// One tensor `a` of an element type, with the text of its sizes and offsets.
func oneTensor(
  dtype: String = #""F32""#, shape: String = "[2]", offsets: String = "[0,8]"
) -> String {
  #"{"a":{"dtype":\#(dtype),"shape":\#(shape),"data_offsets":\#(offsets)}}"#
}

func zeros(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }

func bytes(of tensor: Tensor) -> [UInt8] { tensor.withUnsafeBytes { Array($0) } }

/// Tensors in memory, in a chosen order.
struct MemoryTensors: TensorCollection {
  let names: [String]
  private let tensors: [String: Tensor]

  init(_ entries: [(String, Tensor)]) {
    names = entries.map(\.0)
    tensors = Dictionary(entries, uniquingKeysWith: { first, _ in first })
  }

  init(_ entries: [(String, DType, Shape, [UInt8])]) {
    self.init(
      entries.map { name, dtype, shape, bytes in
        (name, Tensor(dtype: dtype, shape: shape) { $0.copyBytes(from: bytes) })
      })
  }

  func description(of name: String) -> TensorDescription? {
    tensors[name].map { TensorDescription(dtype: $0.dtype, shape: $0.shape) }
  }

  func tensor(_ name: String) throws(Failure) -> Tensor {
    guard let tensor = tensors[name] else {
      throw Failure(.badInput, code: "tensor.missing", "no tensor \(name)")
    }
    return tensor
  }
}

/// The file that Python's `safetensors.torch.save` (0.8.0) writes for twelve tensors, one of each
/// type and some special ones.
enum PythonSample {
  static let header =
    #"{"__metadata__":{"format":"pt"},"i64":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},"#
    + #""f64":{"dtype":"F64","shape":[],"data_offsets":[8,16]},"#
    + #""empty":{"dtype":"F32","shape":[0,3],"data_offsets":[16,16]},"#
    + #""f32":{"dtype":"F32","shape":[1,2],"data_offsets":[16,24]},"#
    + #""i32":{"dtype":"I32","shape":[1],"data_offsets":[24,28]},"#
    + #""bf16":{"dtype":"BF16","shape":[1],"data_offsets":[28,30]},"#
    + #""f16":{"dtype":"F16","shape":[2],"data_offsets":[30,34]},"#
    + #""i16":{"dtype":"I16","shape":[1],"data_offsets":[34,36]},"#
    + #""i8":{"dtype":"I8","shape":[1],"data_offsets":[36,37]},"#
    + #""a\"b/é":{"dtype":"U8","shape":[1],"data_offsets":[37,38]},"#
    + #""u8":{"dtype":"U8","shape":[1],"data_offsets":[38,39]},"#
    + #""bool":{"dtype":"BOOL","shape":[2],"data_offsets":[39,41]}}       "#

  /// The float16 `01 00` and the bfloat16 `01 00` are subnormal.
  static let tensors: [(String, DType, Shape, [UInt8])] = [
    ("i64", .int64, [1], [4, 0, 0, 0, 0, 0, 0, 0]),
    ("f64", .float64, [], [0, 0, 0, 0, 0, 0, 0xE0, 0x3F]),
    ("empty", .float32, [0, 3], []),
    ("f32", .float32, [1, 2], [0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0]),
    ("i32", .int32, [1], [3, 0, 0, 0]),
    ("bf16", .bfloat16, [1], [1, 0]),
    ("f16", .float16, [2], [0, 0x3C, 1, 0]),
    ("i16", .int16, [1], [0xFE, 0xFF]),
    ("i8", .int8, [1], [0xFF]),
    ("a\"b/é", .uint8, [1], [7]),
    ("u8", .uint8, [1], [0xFF]),
    ("bool", .bool, [2], [1, 0]),
  ]

  static var bytes: [UInt8] { file(header, data: tensors.flatMap(\.3)) }
}
