import Bytes
import Glibc
import TestSupport
import Testing

@Suite struct FileStampTests {
  private func write(_ text: String, to path: String) throws {
    try AtomicFile.write(path: path, replaceExisting: true) { try $0.write(text) }
  }

  /// The failure of the stamp of an opened file after `change`.
  private func failure(after change: (String) throws -> Void) throws -> Failure? {
    try withTemporaryFolder { folder in
      let path = folder + "/file"
      try write("abcdef", to: path)
      let storage = try MappedFile.open(path)
      let stamp = try #require(storage.origin)
      try change(path)
      do throws(Failure) {
        try stamp.check()
        return nil
      } catch { return error }
    }
  }

  @Test func changesAreNoticed() throws {
    #expect(try failure { _ in } == nil)
    let changes: [(String) throws -> Void] = [
      { truncate($0, 3) }, { truncate($0, 7) }, { unlink($0) },
      { try self.write("ghijkl", to: $0) },
      { path in
        // The same bytes, touched.
        var times = [timespec(tv_sec: 1, tv_nsec: 2), timespec(tv_sec: 1, tv_nsec: 2)]
        utimensat(AT_FDCWD, path, &times, 0)
      },
    ]
    for (number, change) in changes.enumerated() {
      let found = try failure(after: change)
      #expect(found?.code == "input.changed" && found?.kind == .inputOutput, "change \(number)")
      #expect(found?.file?.hasSuffix("/file") == true)
    }
  }

  @Test func spilledBytesStayReadable() throws {
    var kept: [ByteStorage] = []
    do {
      let spill = try SpillFile()
      for count in [1, 70_000, 0, 65_536] {
        let bytes = [UInt8](repeating: UInt8(truncatingIfNeeded: count), count: count)
        kept.append(try bytes.withUnsafeBytes { try spill.moved($0) })
      }
    }
    #expect(kept.map(\.byteCount) == [1, 70_000, 0, 65_536])
    for storage in kept where storage.byteCount > 0 {
      #expect(storage.isMappedFile && storage.origin == nil)
      storage.releasePages(in: 0..<storage.byteCount)
      let expected = UInt8(truncatingIfNeeded: storage.byteCount)
      #expect(storage.withUnsafeBytes { $0.allSatisfy { $0 == expected } })
    }
  }
}
