import Bytes
import Glibc
import Graph
import ModelFile
import TestSupport
import Testing

@Suite struct DamageTests {
  /// Every byte of a small file, changed in two ways: each change is found.
  @Test func everyChangedByteIsFound() throws {
    let file = try ModelFile.encode(try SampleModels.tiny())
    var random = SeededRandom(seed: 20_240_729)
    var damaged = file
    var missed: [Int] = []
    for offset in file.indices {
      for mask in [0xFF, UInt8(1) << UInt8.random(in: 0...7, using: &random)] {
        damaged[offset] = file[offset] ^ mask
        if failure(of: damaged) == nil { missed.append(offset) }
      }
      damaged[offset] = file[offset]
    }
    #expect(missed.isEmpty)
  }

  @Test func everyTruncationIsFound() throws {
    let file = try ModelFile.encode(try SampleModels.tiny())
    let missed = file.indices.filter { failure(of: Array(file[..<$0]))?.code != "model.truncated" }
    #expect(missed.isEmpty)
    #expect(failure(of: file + [0])?.code == "model.trailing")
    #expect(failure(of: [UInt8](repeating: 0, count: 1024) + file)?.code == "model.magic")
  }

  @Test func openLooksAtEverythingButTheElements() throws {
    let model = try SampleModels.tiny()
    var crafted = CraftedFile(try ModelFile.encode(model))
    var data = crafted[4]
    data.hash = CraftedFile.sha256(data.content)
    data.content[0] ^= 1
    crafted[4] = data
    let read = try ModelFile.read(storage: storage(crafted.bytes()))
    #expect(read.graphs == model.graphs)
    let found = failure(of: crafted.bytes())
    #expect(found?.code == "model.checksum")
    #expect(found?.place == "tensor w")
  }

  /// With right checksums a random change must end in a failure, or in the model it describes.
  ///
  /// Written again, that model gives the very bytes that were read. Nothing may trap.
  @Test(arguments: [1, 2, 3])
  func forgedSectionsAreRefusedOrCanonical(section code: UInt32) throws {
    let file = CraftedFile(try ModelFile.encode(try SampleModels.full()))
    var random = SeededRandom(seed: 7_000 + UInt64(code))
    var accepted = 0
    for _ in 0..<DamageTests.forgeryCount {
      var forged = file
      mutate(&forged[code].content, &random)
      let bytes = forged.bytes()
      guard failure(of: bytes) == nil else { continue }
      accepted += 1
      let again = try ModelFile.encode(try ModelFile.read(storage: storage(bytes)))
      // Compared outside the macro, which would print both files.
      let isSame = again == bytes
      #expect(isSame, "a forgery of section \(code) is read as something else")
    }
    print("\(accepted) of \(DamageTests.forgeryCount) forgeries of section \(code) are models")
  }

  /// Enough to meet each field of the graph section about twice; `SAM2_FUZZ_ROUNDS` asks for more.
  private static let forgeryCount =
    getenv("SAM2_FUZZ_ROUNDS").flatMap { Int(String(cString: $0)) } ?? 1_500

  private func mutate(_ bytes: inout [UInt8], _ random: inout SeededRandom) {
    let extremes: [UInt8] = [0, 1, 2, 0x7F, 0x80, 0xFF]
    for _ in 0..<Int.random(in: 1...3, using: &random) {
      let at = Int.random(in: bytes.indices, using: &random)
      switch Int.random(in: 0...4, using: &random) {
      case 0: bytes[at] ^= 1 << UInt8.random(in: 0...7, using: &random)
      case 1: bytes[at] = extremes[Int.random(in: extremes.indices, using: &random)]
      case 2:
        let end = min(at + 8, bytes.count)
        let fill = extremes[Int.random(in: extremes.indices, using: &random)]
        bytes.replaceSubrange(at..<end, with: repeatElement(fill, count: end - at))
      case 3:
        let end = min(at + Int.random(in: 1...9, using: &random), bytes.count)
        bytes.removeSubrange(at..<end)
      default: bytes.insert(UInt8.random(in: 0...255, using: &random), at: at)
      }
      if bytes.isEmpty { bytes = [0] }
    }
  }
}
