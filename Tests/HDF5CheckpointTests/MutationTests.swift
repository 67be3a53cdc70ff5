import Bytes
import HDF5Checkpoint
import Tensors
import TestSupport
import Testing

/// Damaged copies of good files: each is refused by name, or read, in time.
@Suite struct MutationTests {
  /// Codes that a damaged file may meet: a crash of libhdf5 has one, one of this project has not.
  private static let accepted = ["h5.", "tensor.", "model."]
  private static let timeBudget = Duration.seconds(4)

  /// Names, types and bytes of all tensors; nil when the file is refused.
  private func contents(_ bytes: [UInt8], _ what: String) -> [String: [UInt8]]? {
    let start = ContinuousClock.now
    defer {
      #expect(ContinuousClock.now - start < MutationTests.timeBudget, "\(what) takes long")
    }
    do {
      let storage = ByteStorage(byteCount: bytes.count) { $0.copyBytes(from: bytes) }
      let checkpoint = try HDF5Checkpoint(storage: storage)
      var contents: [String: [UInt8]] = [:]
      for name in checkpoint.names {
        let tensor = try checkpoint.tensor(name)
        contents["\(name) \(tensor.dtype) \(tensor.shape)"] = tensor.withUnsafeBytes { Array($0) }
      }
      return contents
    } catch {
      let isNamed = MutationTests.accepted.contains { error.code.hasPrefix($0) }
      #expect(isNamed && error.code != "h5.stream", "\(what): \(error.code) \(error)")
      return nil
    }
  }

  private func load(_ file: String) throws -> [UInt8] {
    try #require(fileBytes(fixturePath("good/\(file).h5")))
  }

  @Test func truncationsAreRefused() throws {
    let bytes = try load("compressed")
    for count in stride(from: 1, to: bytes.count, by: 509) {
      let read = contents(Array(bytes[..<count]), "\(count) bytes")
      #expect(read == nil, "\(count) bytes")
    }
  }

  /// With checksums over structures and data, a flipped byte is refused or changes nothing.
  @Test func flippedBytesUnderChecksumsAreRefusedOrHarmless() throws {
    let original = try load("checked")
    let read = contents(original, "original")
    let expected = try #require(read)
    var random = SeededRandom(seed: 64)
    var refusedCount = 0
    for position in stride(from: 0, to: original.count, by: 64) {
      var bytes = original
      let place = min(position + Int.random(in: 0..<64, using: &random), bytes.count - 1)
      bytes[place] ^= UInt8(1) << UInt8.random(in: 0..<8, using: &random)
      if let actual = contents(bytes, "byte \(place)") {
        #expect(actual == expected, "byte \(place)")
      } else {
        refusedCount += 1
      }
    }
    #expect(refusedCount > 0, "no change was noticed: the test tests nothing")
  }

  /// The old form has no checksums: it may now hold something else, but must be answered.
  @Test func overwrittenBytesAreAnswered() throws {
    let original = try load("nested")
    var random = SeededRandom(seed: 65)
    for position in stride(from: 0, to: original.count, by: 64) {
      var bytes = original
      let place = min(position + Int.random(in: 0..<64, using: &random), bytes.count - 1)
      bytes[place] = [0, 0xFF, 0x7F, 1].randomElement(using: &random) ?? 0
      _ = contents(bytes, "byte \(place)")
    }
  }
}
