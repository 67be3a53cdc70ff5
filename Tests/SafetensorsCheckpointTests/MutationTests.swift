import Bytes
import SafetensorsCheckpoint
import Tensors
import TestSupport
import Testing

/// Damaged copies of a good file: each is refused, or holds something else, but is answered.
///
/// A trap fails the whole run. The format has no checksums, so changed data is not an error.
@Suite struct MutationTests {
  /// Reads everything; nil when the file is refused.
  private func contents(_ bytes: [UInt8]) -> [String: [UInt8]]? {
    guard let checkpoint = try? checkpoint(bytes) else { return nil }
    var contents: [String: [UInt8]] = [:]
    for name in checkpoint.names {
      guard let tensor = try? checkpoint.tensor(name) else { return nil }
      contents["\(name) \(tensor.dtype) \(tensor.shape)"] = tensor.withUnsafeBytes { Array($0) }
    }
    return contents
  }

  @Test func everyTruncationIsRefused() {
    let bytes = PythonSample.bytes
    #expect(contents(bytes) != nil)
    for count in 1..<bytes.count {
      #expect(contents(Array(bytes[..<count])) == nil, "\(count) bytes")
    }
  }

  @Test func surplusBytesAreRefused() {
    let bytes = PythonSample.bytes
    #expect(contents(bytes + [0]) == nil)
    #expect(contents([0] + bytes) == nil)
    #expect(contents(bytes + bytes) == nil)
  }

  /// Accepted tensors cover the data exactly, whatever the header now holds.
  @Test func flippedBitsAreAnswered() {
    let original = PythonSample.bytes
    let dataByteCount = PythonSample.tensors.reduce(0) { $0 + $1.3.count }
    var random = SeededRandom(seed: 31)
    var accepted = 0
    for position in original.indices {
      for _ in 0..<2 {
        var bytes = original
        bytes[position] ^= UInt8(1) << UInt8.random(in: 0..<8, using: &random)
        guard let found = contents(bytes) else { continue }
        accepted += 1
        #expect(found.values.reduce(0) { $0 + $1.count } == dataByteCount, "byte \(position)")
      }
    }
    // Flips in names and in the data are accepted: the test sees both sides.
    #expect(accepted > 0 && accepted < original.count)
  }

  /// Pieces of the header moved about: the grammar survives more often than with flips.
  @Test func shuffledPiecesAreAnswered() throws {
    let pieces = PythonSample.header.split(separator: ",").map(String.init)
    let data = PythonSample.tensors.flatMap(\.3)
    var random = SeededRandom(seed: 47)
    var accepted = 0
    for _ in 0..<500 {
      var mixed = pieces
      let (i, j) = (
        Int.random(in: mixed.indices, using: &random), Int.random(in: mixed.indices, using: &random)
      )
      mixed.swapAt(i, j)
      if Bool.random(using: &random) {
        mixed.remove(at: Int.random(in: mixed.indices, using: &random))
      }
      if contents(file(mixed.joined(separator: ","), data: data)) != nil { accepted += 1 }
    }
    #expect(accepted < 500)
  }
}
