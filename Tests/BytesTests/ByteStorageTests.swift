import Bytes
import Glibc
import TestSupport
import Testing

@Suite struct ByteStorageTests {
  /// Bytes of `storage` that are in this process's memory now, in pages.
  private func residentPageCount(_ storage: ByteStorage) -> Int {
    // mincore would report the page cache, which outlives what is released.
    let address = String(UInt(bitPattern: storage.base), radix: 16)
    var isInside = false
    for line in procLines("/proc/self/smaps") {
      if line.contains("-"), line.contains(" r--p ") { isInside = line.hasPrefix(address + "-") }
      if isInside, line.hasPrefix("Rss:") {
        return (Int(line.filter(\.isNumber)) ?? -1) * 1024 / Int(sysconf(Int32(_SC_PAGESIZE)))
      }
    }
    return -1
  }

  private func procLines(_ path: String) -> [Substring] {
    guard let file = fopen(path, "r") else { return [] }
    defer { fclose(file) }
    var text: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while case let count = fread(&buffer, 1, buffer.count, file), count > 0 {
      text += buffer[..<count]
    }
    return String(decoding: text, as: UTF8.self).split(separator: "\n")
  }

  @Test func aMappedFilePassesThroughLittleMemory() throws {
    try withTemporaryFolder { folder in
      let bytes = (0..<(3 << 20) + 77).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 9) }
      try AtomicFile.write(path: folder + "/file", replaceExisting: false) { try $0.write(bytes) }
      let storage = try MappedFile.open(folder + "/file")
      #expect(storage.isMappedFile)
      var seen: [UInt8] = []
      storage.forEachPiece(of: 5..<storage.byteCount, releasing: false) { seen += Array($0) }
      #expect(seen[...] == bytes[5...])
      #expect(residentPageCount(storage) > 700)
      var again = CRC32()
      storage.forEachPiece(of: 0..<storage.byteCount) { again.update($0) }
      #expect(residentPageCount(storage) == 0)
      #expect(again.value == bytes.withUnsafeBytes { CRC32.checksum($0) })
    }
  }

  @Test func releasingNeverTouchesOtherMemory() {
    let storage = ByteStorage(byteCount: 1 << 20) {
      $0.initializeMemory(as: UInt8.self, repeating: 3)
    }
    storage.releasePages(in: 0..<storage.byteCount)
    #expect(storage.withUnsafeBytes { $0.allSatisfy { $0 == 3 } })
  }

  @Test func workInTheBackgroundGivesItsValue() {
    let works = (0..<20).map { i in BackgroundWork { i * i } }
    #expect(works.map { $0.value() } == (0..<20).map { $0 * $0 })
    #expect(works[3].value() == 9)
  }

  /// A chain of works must not keep the memory that the first of them has read.
  @Test func workLetsGoOfWhatItHasRead() {
    weak var read: ByteStorage?
    var last: BackgroundWork<Int>
    do {
      let storage = ByteStorage(byteCount: 64) { _ in }
      read = storage
      last = BackgroundWork { storage.byteCount }
    }
    for _ in 0..<10 { last = BackgroundWork { [last] in last.value() + 1 } }
    #expect(last.value() == 74)
    #expect(read == nil)
  }
}
