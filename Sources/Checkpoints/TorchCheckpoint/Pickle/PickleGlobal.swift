import Bytes
import Tensors

/// The names that a pickle may refer to.
///
/// None of them is looked up or called: each is a mark for the inert node that the machine creates.
enum PickleGlobal: Hashable, Sendable {
  case orderedDictionary
  case rebuildTensor
  case rebuildParameter
  case size
  case storage(DType)
  /// Any other, where the user has asked to drop what such names make.
  case foreign

  static let maximumNameByteCount = 128

  /// Compares bytes exactly; Python's renamed modules and dotted attributes do not exist here.
  /// - Throws: `tensor.dtype` for tensors of kinds that are not supported; `pickle.global` for
  ///   every other name.
  init(module: [UInt8], name: [UInt8], place: String) throws(Failure) {
    let path =
      String(decoding: module, as: UTF8.self) + "." + String(decoding: name, as: UTF8.self)
    // ASCII only, because Swift calls some different Unicode texts equal.
    let isASCII = (module + name).allSatisfy { $0 < 0x80 }
    if isASCII, let global = PickleGlobal.allowed[path] {
      self = global
      return
    }
    if isASCII, let kind = PickleGlobal.unsupported[path] {
      throw Failure(
        .badInput, code: "tensor.dtype", "the checkpoint holds \(kind), which is not supported",
        place: place, hint: "convert its tensors to float32, float16 or bfloat16 and save again")
    }
    throw Failure(
      .badInput, code: "pickle.global",
      "the pickle refers to \(printable(path)), which is not on the allow list; "
        + "nothing was executed",
      place: place,
      hint: "save only model.state_dict(), not whole modules or other Python objects; "
        + "--ignore-extra drops such objects beside the weights")
  }

  private static let allowed: [String: PickleGlobal] = [
    "collections.OrderedDict": .orderedDictionary,
    "torch._utils._rebuild_tensor_v2": .rebuildTensor,
    "torch._utils._rebuild_parameter": .rebuildParameter,
    "torch.Size": .size,
    "torch.FloatStorage": .storage(.float32),
    "torch.HalfStorage": .storage(.float16),
    "torch.BFloat16Storage": .storage(.bfloat16),
    "torch.DoubleStorage": .storage(.float64),
    "torch.CharStorage": .storage(.int8),
    "torch.ByteStorage": .storage(.uint8),
    "torch.ShortStorage": .storage(.int16),
    "torch.IntStorage": .storage(.int32),
    "torch.LongStorage": .storage(.int64),
    "torch.BoolStorage": .storage(.bool),
  ]

  /// Known to torch, and refused with a clearer message than a stranger.
  private static let unsupported: [String: String] = [
    "torch.ComplexFloatStorage": "complex tensors",
    "torch.ComplexDoubleStorage": "complex tensors",
    "torch.QInt8Storage": "torch-quantised tensors",
    "torch.QUInt8Storage": "torch-quantised tensors",
    "torch.QInt32Storage": "torch-quantised tensors",
    "torch.QUInt4x2Storage": "torch-quantised tensors",
    "torch.QUInt2x4Storage": "torch-quantised tensors",
    "torch._utils._rebuild_qtensor": "torch-quantised tensors",
    "torch._utils._rebuild_sparse_tensor": "sparse tensors",
    "torch._utils._rebuild_tensor_v3": "tensors of a special type such as float8",
    "torch._utils._rebuild_meta_tensor_no_storage": "meta tensors without values",
  ]
}
