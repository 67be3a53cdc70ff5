import Bytes
import Glibc
import TestSupport
import Testing

@Suite struct AtomicFileTests {
  private struct Stop: Error {}

  private func expectFailure(_ code: String, _ body: () throws -> Void) {
    #expect(throws: Failure(.badInput, code: code, "")) { try body() }
  }

  @Test func writesAllOfIt() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/out.bin"
      let large = (0..<600_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
      try AtomicFile.write(path: path, replaceExisting: false) { writer in
        try writer.write([0, 0])
        try writer.write(littleEndian: UInt32(0x0102_0304))
        try writer.pad(toMultipleOf: 8)
        try writer.write("hé")
        try writer.write(large)
        try writer.patch([9, 8], at: 0)
        try writer.write([7])
        #expect(writer.byteCount == 8 + 3 + 600_000 + 1)
      }
      #expect(fileBytes(path) == [9, 8, 4, 3, 2, 1, 0, 0] + Array("hé".utf8) + large + [7])
      #expect(folderNames(folder) == ["out.bin"])
    }
  }

  @Test func aFailureLeavesNothing() throws {
    try withTemporaryFolder { folder in
      #expect(throws: Stop.self) {
        try AtomicFile.write(path: folder + "/out", replaceExisting: false) { writer in
          try writer.write([1, 2, 3])
          #expect(!folderNames(folder).contains("out"))
          throw Stop()
        }
      }
      #expect(folderNames(folder) == [])
    }
  }

  @Test func existingOutputIsKeptUnlessAsked() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/out"
      try AtomicFile.write(path: path, replaceExisting: false) { try $0.write("old") }
      var bodyRan = false
      expectFailure("output.exists") {
        try AtomicFile.write(path: path, replaceExisting: false) { _ in bodyRan = true }
      }
      #expect(!bodyRan)
      #expect(throws: Stop.self) {
        try AtomicFile.write(path: path, replaceExisting: true) { writer in
          try writer.write("half")
          throw Stop()
        }
      }
      #expect(fileBytes(path) == Array("old".utf8))
      try AtomicFile.write(path: path, replaceExisting: true) { try $0.write("new") }
      #expect(fileBytes(path) == Array("new".utf8))
      #expect(folderNames(folder) == ["out"])
    }
  }

  @Test func aNameTakenMeanwhileIsNotReplaced() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/out"
      expectFailure("output.exists") {
        try AtomicFile.write(path: path, replaceExisting: false) { writer in
          try writer.write("mine")
          try AtomicFile.write(path: path, replaceExisting: false) { try $0.write("theirs") }
        }
      }
      #expect(fileBytes(path) == Array("theirs".utf8))
      #expect(folderNames(folder) == ["out"])
    }
  }

  @Test func impossibleOutputsAreRefusedFirst() throws {
    try withTemporaryFolder { folder in
      try AtomicFile.write(path: folder + "/file", replaceExisting: false) { try $0.write("x") }
      expectFailure("output.folder") {
        try AtomicFile.checkCanCreate(path: folder + "/no/out", replaceExisting: true)
      }
      expectFailure("output.folder") {
        try AtomicFile.checkCanCreate(path: folder + "/file/out", replaceExisting: true)
      }
      expectFailure("output.not_regular") {
        try AtomicFile.checkCanCreate(path: folder, replaceExisting: true)
      }
      expectFailure("output.not_regular") {
        try AtomicFile.checkCanCreate(path: "/dev/null", replaceExisting: true)
      }
      expectFailure("output.not_regular") {
        try AtomicFile.checkCanCreate(path: folder + "/", replaceExisting: true)
      }
      try AtomicFile.checkCanCreate(path: folder + "/new", replaceExisting: false)
    }
  }

  @Test func mapsFilesAndRefusesOtherThings() throws {
    try withTemporaryFolder { folder in
      try AtomicFile.write(path: folder + "/full", replaceExisting: false) { try $0.write("abc") }
      try AtomicFile.write(path: folder + "/empty", replaceExisting: false) { _ in }
      mkfifo(folder + "/fifo", 0o600)
      symlink("itself", folder + "/itself")
      let storage = try MappedFile.open(folder + "/full")
      #expect(storage.withUnsafeBytes { Array($0) } == Array("abc".utf8))
      expectFailure("file.empty") { _ = try MappedFile.open(folder + "/empty") }
      expectFailure("file.directory") { _ = try MappedFile.open(folder) }
      expectFailure("file.missing") { _ = try MappedFile.open(folder + "/none") }
      expectFailure("file.missing") { _ = try MappedFile.open(folder + "/full/none") }
      expectFailure("file.unreadable") { _ = try MappedFile.open(folder + "/itself") }
      expectFailure("file.not_regular") { _ = try MappedFile.open(folder + "/fifo") }
      expectFailure("file.not_regular") { _ = try MappedFile.open("/dev/zero") }
    }
  }
}
