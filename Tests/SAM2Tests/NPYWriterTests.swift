import Tensors
import Testing

@testable import SAM2

@Suite struct NPYWriterTests {
  /// `numpy.save` of `arange(6, dtype=float32).reshape(2, 3)` starts with the same 128 bytes.
  @Test func writesWhatNumPyWrites() {
    let bytes = NPYWriter.bytes(Tensor([0, 1, 2, 3, 4, 5] as [Float], shape: [2, 3]))
    #expect(bytes.count == 128 + 24)
    #expect(Array(bytes[..<10]) == [0x93, 78, 85, 77, 80, 89, 1, 0, 118, 0])
    let header = String(decoding: bytes[10..<128], as: UTF8.self)
    #expect(header.hasPrefix("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }  "))
    #expect(header.hasSuffix(" \n"))
    #expect(Array(bytes[132..<136]) == [0, 0, 0x80, 0x3F])
  }

  @Test func oneAxisKeepsItsComma() {
    let bytes = NPYWriter.bytes(Tensor([1, 2] as [Float], shape: [2]))
    #expect(String(decoding: bytes[10..<128], as: UTF8.self).contains("'shape': (2,), }"))
  }
}
