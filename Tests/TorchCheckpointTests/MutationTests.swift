import Bytes
import Tensors
import TestSupport
import Testing
import TorchCheckpoint

/// Damaged copies of good files: each is refused, or read as before.
///
/// A trap fails the whole run.
@Suite struct MutationTests {
  private static let files = ["fp32.pt", "training.pt", "deflated.pt", "zip64.pt", "transposed.pt"]

  /// Names, types and bytes of all tensors; nil when the file is refused.
  private func contents(_ bytes: [UInt8]) -> [String: [UInt8]]? {
    let storage = ByteStorage(byteCount: bytes.count) { $0.copyBytes(from: bytes) }
    guard let checkpoint = try? TorchCheckpoint(storage: storage),
      (try? checkpoint.verify()) != nil
    else { return nil }
    var contents: [String: [UInt8]] = [:]
    for name in checkpoint.names {
      guard let tensor = try? checkpoint.tensor(name) else { return nil }
      contents["\(name) \(tensor.dtype) \(tensor.shape)"] = tensor.withUnsafeBytes { Array($0) }
    }
    return contents
  }

  private func load(_ file: String) throws -> [UInt8] {
    try #require(fileBytes(fixturePath("good/" + file)))
  }

  @Test func everyTruncationIsRefused() throws {
    let bytes = try load("fp32.pt")
    for count in 1..<bytes.count {
      #expect(contents(Array(bytes[..<count])) == nil, "\(count) bytes")
    }
  }

  @Test func surplusBytesAreRefused() throws {
    for file in MutationTests.files {
      let bytes = try load(file)
      #expect(contents(bytes) != nil)
      #expect(contents(bytes + [0]) == nil)
      #expect(contents([0] + bytes) == nil)
    }
  }

  /// Checksums cover the content; what they do not cover must not change what is read.
  @Test(arguments: files) func flippedBytesAreRefusedOrHarmless(file: String) throws {
    let original = try load(file)
    let expected = try #require(contents(original))
    var random = SeededRandom(seed: 2024)
    for position in original.indices {
      var bytes = original
      bytes[position] ^= UInt8(1) << UInt8.random(in: 0..<8, using: &random)
      if let actual = contents(bytes) {
        #expect(actual == expected, "byte \(position)")
      }
    }
  }

  /// The same for a pickle whose checksum was corrected, as a forger would: it may now hold
  /// something else, but must be answered.
  @Test func forgedPicklesAreAnswered() throws {
    let original = try load("stored-by-python.pt")
    let pickle = try #require(pickleRange(in: original))
    var random = SeededRandom(seed: 99)
    var accepted = 0
    for _ in 0..<4000 {
      var bytes = original
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let position = Int.random(in: pickle, using: &random)
        bytes[position] =
          Bool.random(using: &random)
          ? UInt8.random(in: 0...255, using: &random)
          : original[Int.random(in: pickle, using: &random)]
      }
      correctChecksum(&bytes, pickle)
      if contents(bytes) != nil { accepted += 1 }
    }
    #expect(accepted > 0, "no mutation got past the checksum: the test tests nothing")
  }

  /// The bytes of `data.pkl` in a file whose first entry it is.
  private func pickleRange(in bytes: [UInt8]) -> Range<Int>? {
    guard bytes.count > 30 else { return nil }
    let count = (0..<4).reduce(0) { $0 | Int(bytes[22 + $1]) << (8 * $1) }
    let start = 30 + Int(bytes[26]) + Int(bytes[27]) << 8 + Int(bytes[28]) + Int(bytes[29]) << 8
    return start + count <= bytes.count ? start..<(start + count) : nil
  }

  /// Writes the checksum of the first entry into its local header and the directory's first record.
  private func correctChecksum(_ bytes: inout [UInt8], _ range: Range<Int>) {
    let crc = littleEndianBytes(Array(bytes[range]).withUnsafeBytes { CRC32.checksum($0) })
    let end = bytes.count - 22
    let directory = (0..<4).reduce(0) { $0 | Int(bytes[end + 16 + $1]) << (8 * $1) }
    bytes.replaceSubrange(14..<18, with: crc)
    bytes.replaceSubrange((directory + 16)..<(directory + 20), with: crc)
  }
}
