import Bytes
import Glibc
import Tensors
import TestSupport
import Testing
import TorchCheckpoint

/// Archives that need zip64: more than 65,535 entries, more than 4 GiB.
@Suite struct LargeArchiveTests {
  /// A zip archive written to a file that may have holes.
  private struct Archive: ~Copyable {
    private let descriptor: Int32
    private var end = 0
    private var count = 0
    private var directory: [UInt8] = []

    init(_ path: String) {
      descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    }

    deinit { close(descriptor) }

    /// Adds a stored entry; one of only zeros takes no room.
    mutating func append(_ name: String, _ data: [UInt8], zeroCount: Int = 0, crc: UInt32? = nil) {
      let checksum = crc ?? data.withUnsafeBytes { CRC32.checksum($0) }
      let size = data.count + zeroCount
      var wide = littleEndianBytes(UInt16(1)) + littleEndianBytes(UInt16(16))
      wide += littleEndianBytes(UInt64(size)) + littleEndianBytes(UInt64(size))
      // Version 4.5, no flags, stored; sizes in the extra field.
      var common: [UInt8] = [45, 0, 0, 0, 0, 0, 0, 0, 0x21, 0]
      common += littleEndianBytes(checksum) + [UInt8](repeating: 0xFF, count: 8)
      common += littleEndianBytes(UInt16(name.utf8.count))
      var offset = littleEndianBytes(UInt16(1)) + littleEndianBytes(UInt16(24)) + wide[4...]
      offset += littleEndianBytes(UInt64(end))
      directory += Array("PK\u{1}\u{2}".utf8) + [45, 0] + common
      directory += littleEndianBytes(UInt16(offset.count)) + [UInt8](repeating: 0, count: 10)
      directory += [0xFF, 0xFF, 0xFF, 0xFF] + Array(name.utf8) + offset
      put(
        Array("PK\u{3}\u{4}".utf8) + common + littleEndianBytes(UInt16(wide.count))
          + Array(name.utf8) + wide + data)
      end += zeroCount
      count += 1
    }

    mutating func finish() {
      let start = end
      put(directory)
      let record = end
      put(Array("PK\u{6}\u{6}".utf8) + littleEndianBytes(UInt64(44)) + [45, 0, 45, 0])
      put([UInt8](repeating: 0, count: 8))
      for value in [count, count, directory.count, start] { put(littleEndianBytes(UInt64(value))) }
      put(Array("PK\u{6}\u{7}".utf8) + [0, 0, 0, 0] + littleEndianBytes(UInt64(record)))
      put([1, 0, 0, 0])
      put(
        Array("PK\u{5}\u{6}".utf8) + [0, 0, 0, 0] + [UInt8](repeating: 0xFF, count: 12) + [0, 0])
    }

    private mutating func put(_ bytes: [UInt8]) {
      bytes.withUnsafeBytes { _ = pwrite(descriptor, $0.baseAddress, $0.count, off_t(end)) }
      end += bytes.count
    }
  }

  /// A pickle of tensors, each all of a storage that its name names.
  private func pickle(_ tensors: [(name: String, count: Int)]) -> [UInt8] {
    func text(_ text: String) -> [UInt8] {
      [0x58] + littleEndianBytes(UInt32(text.utf8.count)) + Array(text.utf8)
    }
    func global(_ name: String) -> [UInt8] {
      Array("c\(name)\n".utf8)
    }
    // LONG1 of eight bytes.
    func integer(_ value: Int) -> [UInt8] { [0x8A, 8] + littleEndianBytes(Int64(value)) }
    var code: [UInt8] = [0x80, 2, 0x7D]
    for (name, count) in tensors {
      code += text(name) + global("torch._utils\n_rebuild_tensor_v2") + [0x28, 0x28]
      code += text("storage") + global("torch\nByteStorage") + text(name) + text("cpu")
      code += integer(count) + [0x74, 0x51] + integer(0)
      code += integer(count) + [0x85] + integer(1) + [0x85, 0x89]
      code += global("collections\nOrderedDict") + [0x29, 0x52, 0x74, 0x52, 0x73]
    }
    return code + [0x2E]
  }

  @Test func oneStorageMayHaveMoreThanFourGibibytes() throws {
    let hugeCount = 1 << 32 + 8
    try withTemporaryFolder { folder in
      var archive = Archive(folder + "/huge.pt")
      archive.append("t/data.pkl", pickle([("huge", hugeCount), ("small", 3)]))
      archive.append("t/data/huge", [], zeroCount: hugeCount, crc: 1)
      archive.append("t/data/small", [7, 8, 9])
      archive.append("t/version", [0x33])
      archive.finish()
      let checkpoint = try TorchCheckpoint(storage: try MappedFile.open(folder + "/huge.pt"))
      #expect(checkpoint.description(of: "huge")?.shape.elementCount == hugeCount)
      let small = try checkpoint.tensor("small")
      #expect(small.byteOffset > 1 << 32)
      #expect(small.floats() == [7, 8, 9])
    }
  }

  @Test func manyEntriesAreCounted() throws {
    let count = 66_000
    try withTemporaryFolder { folder in
      var archive = Archive(folder + "/many.pt")
      archive.append("t/data.pkl", pickle([("w", 1)]))
      archive.append("t/data/w", [5])
      archive.append("t/version", [0x33])
      for number in 3..<count { archive.append("t/\(number)", []) }
      archive.finish()
      let checkpoint = try TorchCheckpoint(storage: try MappedFile.open(folder + "/many.pt"))
      #expect(checkpoint.entryCount == count)
      #expect(try checkpoint.tensor("w").floats() == [5])
    }
  }
}
