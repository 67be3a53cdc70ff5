import Bytes
import GGMLCheckpoint
import Tensors

/// A reader that strangers' bytes reach, as a fuzzer calls it.
///
/// `Scripts/fuzz.sh` builds these targets with libFuzzer; `ReplayTests` runs them over the corpus
/// that it left. The raw value names the folder of the corpus.
enum FuzzTarget: String, CaseIterable, Sendable {
  /// A whole `.pt` file.
  case zip
  /// The `data.pkl` of a `.pt` file that is right otherwise.
  case pickle
  /// A `.safetensors` file, or the index of a sharded one.
  case safetensors
  /// A `.npy` array of a `.npz` file that is right otherwise.
  case numpy
  /// A `.ggml` file of sam3.cpp.
  case ggml
  /// A `.sam2` file, or the contents of its sections.
  case model
  /// The answer of the child process that runs libhdf5: a stream, or the line of a failure.
  case hdf5
  /// Choices of a graph that runs.
  case runtime
  /// Choices of a graph that passes and the quantiser rewrite.
  case passes
  /// The contents of a tracking state, after its head.
  case state

  /// Whether inputs are choices of a generator, all of which make something valid.
  var isGenerator: Bool { self == .runtime || self == .passes }

  /// Reads `input` and everything in it.
  ///
  /// The oracle: a `Failure` of the expected kind, or contents that can be read to the last byte
  /// and keep the promises of their format. Anything else traps, here or in the reader.
  /// - Returns: what went wrong with the input; nil when it was accepted.
  @discardableResult
  func run(_ input: UnsafeRawBufferPointer) -> Failure? {
    do throws(Failure) {
      switch self {
      case .zip: try fuzzZip(fenced(input))
      case .pickle: try fuzzPickle(fenced(input))
      case .safetensors: try fuzzSafetensors(fenced(input))
      case .numpy: try fuzzNumPy(fenced(input))
      case .ggml: try readAll(try GGMLCheckpoint(storage: fenced(input)))
      case .model: try fuzzModel(input)
      case .hdf5: try fuzzStream(fenced(input))
      case .runtime: try fuzzRuntime(input)
      case .passes: try fuzzPasses(input)
      case .state: try fuzzState(input)
      }
      return nil
    } catch {
      precondition(error.kind == .badInput, "\(error.code) is not a failure of the input")
      precondition(error.description.unicodeScalars.allSatisfy { $0.value >= 0x20 }, error.code)
      return error
    }
  }
}

/// `bytes` in memory of exactly that size, so that the address sanitiser sees each byte too far.
func fenced(_ bytes: UnsafeRawBufferPointer) -> ByteStorage {
  let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes.count, alignment: 64)
  UnsafeMutableRawBufferPointer(start: memory, count: bytes.count).copyMemory(from: bytes)
  return ByteStorage(takingOver: UnsafeRawPointer(memory), byteCount: bytes.count) { base, _ in
    UnsafeMutableRawPointer(mutating: base).deallocate()
  }
}

func fenced(_ bytes: [UInt8]) -> ByteStorage { bytes.withUnsafeBytes { fenced($0) } }

/// Whether an input is JSON text instead of a length and a header: no length has an eighth byte.
func isText(_ storage: ByteStorage) -> Bool {
  storage.withUnsafeBytes { $0.count >= 8 && $0[7] != 0 }
}

/// Reads every byte of every tensor, which must be what its description promises.
func readAll(_ checkpoint: some TensorCollection) throws(Failure) {
  precondition(Set(checkpoint.names).count == checkpoint.names.count, "a name twice")
  for name in checkpoint.names {
    let tensor = try checkpoint.tensor(name)
    let found = TensorDescription(dtype: tensor.dtype, shape: tensor.shape)
    precondition(checkpoint.description(of: name) == found, "another tensor than described")
    readAll(tensor)
  }
}

func readAll(_ tensor: Tensor) {
  let expected = tensor.shape.elementCount * tensor.dtype.byteCount
  tensor.withUnsafeBytes { bytes in
    precondition(bytes.count == expected, "\(bytes.count) bytes instead of \(expected)")
    _ = CRC32.checksum(bytes)
  }
}
