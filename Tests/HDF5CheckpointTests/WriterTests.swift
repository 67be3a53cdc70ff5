import Bytes
import HDF5Checkpoint
import Tensors
import TestSupport
import Testing

@Suite struct WriterTests {
  private struct Tensors: TensorCollection {
    var entries: [(name: String, tensor: Tensor)]
    var names: [String] { entries.map(\.name) }

    func description(of name: String) -> TensorDescription? {
      (try? tensor(name)).map { TensorDescription(dtype: $0.dtype, shape: $0.shape) }
    }

    func tensor(_ name: String) throws(Failure) -> Tensor {
      guard let found = entries.first(where: { $0.name == name }) else {
        throw failure("tensor.missing")
      }
      return found.tensor
    }
  }

  private static let dtypes: [DType] = [
    .float32, .float16, .bfloat16, .float64, .int8, .uint8, .int16, .int32, .int64, .bool,
  ]

  /// Bytes that differ everywhere; HDF5 stores them as they are, whatever they mean.
  private func tensors() -> Tensors {
    var entries: [(name: String, tensor: Tensor)] = []
    for (index, dtype) in WriterTests.dtypes.enumerated() {
      let shape = Shape([3, 1 + index])
      let tensor = Tensor(dtype: dtype, shape: shape) { bytes in
        for i in bytes.indices { bytes[i] = UInt8(truncatingIfNeeded: i * 7 + index) & 0x3F }
      }
      entries.append(("layer.\(dtype.name).weight", tensor))
    }
    entries.append(("scalar", Tensor([2.5], shape: [])))
    entries.append(("empty", Tensor([Float](), shape: [0, 4])))
    return Tensors(entries: entries)
  }

  @Test func whatIsWrittenReadsBackByteForByte() throws {
    try withTemporaryFolder { folder in
      let written = tensors()
      _ = try HDF5Writer.write(written, to: folder + "/out.h5", replaceExisting: false)
      let read = try HDF5Checkpoint(path: folder + "/out.h5")
      #expect(read.names == written.names.sorted())
      for (name, tensor) in written.entries {
        let back = try read.tensor(name)
        #expect(back.dtype == tensor.dtype && back.shape == tensor.shape, "\(name)")
        let same = back.withUnsafeBytes { a in
          tensor.withUnsafeBytes { b in a.elementsEqual(b) }
        }
        #expect(same, "\(name)")
      }
    }
  }

  @Test func equalTensorsGiveEqualFiles() throws {
    try withTemporaryFolder { folder in
      _ = try HDF5Writer.write(tensors(), to: folder + "/a.h5", replaceExisting: false)
      _ = try HDF5Writer.write(tensors(), to: folder + "/b.h5", replaceExisting: false)
      #expect(fileBytes(folder + "/a.h5") == fileBytes(folder + "/b.h5"))
    }
  }

  @Test func existingFilesStay() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/out.h5"
      _ = try HDF5Writer.write(tensors(), to: path, replaceExisting: false)
      #expect(throws: failure("output.exists")) {
        _ = try HDF5Writer.write(tensors(), to: path, replaceExisting: false)
      }
      _ = try HDF5Writer.write(tensors(), to: path, replaceExisting: true)
      #expect(folderNames(folder) == ["out.h5"])
    }
  }
}
