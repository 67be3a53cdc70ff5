import Bytes
import Testing

@Suite struct ByteCursorTests {
  private func cursor(_ bytes: [UInt8]) -> ByteCursor {
    ByteCursor(
      ByteStorage(byteCount: bytes.count) { $0.copyBytes(from: bytes) },
      truncationCode: "test.truncated")
  }

  @Test func readsLittleEndianAndShrinks() throws {
    var cursor = cursor([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15])
    #expect(try cursor.readUInt8() == 0x01)
    #expect(try cursor.readUInt16() == 0x0302)
    #expect(try cursor.readUInt32() == 0x0706_0504)
    #expect(try cursor.readUInt64() == 0x0F0E_0D0C_0B0A_0908)
    #expect(cursor.isAtEnd)
    #expect(cursor.offset == 15)
  }

  @Test func failedReadDoesNotMove() throws {
    var cursor = cursor([1, 2, 3])
    _ = try cursor.readUInt8()
    let before = cursor.range
    let expected = Failure(.badInput, code: "test.truncated", "")
    #expect(throws: expected) { try cursor.readUInt32() }
    #expect(throws: expected) { try cursor.take(byteCount: 3) }
    #expect(throws: expected) { try cursor.take(byteCount: -1) }
    #expect(throws: expected) { try cursor.slice(byteCount: .max) }
    #expect(throws: expected) { try cursor.seek(toOffset: 0) }
    #expect(throws: expected) { try cursor.seek(toOffset: 4) }
    #expect(cursor.range == before)
    #expect(cursor.peekUInt8() == 2)
  }

  @Test func countsThatFitNoIntAreRefusedInPlace() {
    var cursor = cursor([UInt8](repeating: 0xFF, count: 8))
    #expect(throws: Failure(.badInput, code: "test.truncated", "")) { try cursor.readCount64() }
    #expect(cursor.remainingCount == 8)
  }

  @Test func slicesKeepAbsoluteOffsetsAndTheirEnd() throws {
    var cursor = cursor([1, 2, 3, 4, 5])
    _ = try cursor.readUInt8()
    var inner = try cursor.slice(byteCount: 2)
    #expect(inner.range == 1..<3)
    #expect(cursor.range == 3..<5)
    #expect(try inner.readUInt16() == 0x0302)
    #expect(throws: Failure.self) { try inner.readUInt8() }
  }

  @Test func textMustBeUTF8() throws {
    var cursor = cursor(Array("aé".utf8) + [0xC3])
    #expect(try cursor.readUTF8(byteCount: 3) == "aé")
    #expect(try cursor.readUTF8(byteCount: 1) == nil)
    #expect(cursor.isAtEnd)
  }

  @Test func arithmeticReportsOverflow() {
    #expect(checkedSum(.max, 1) == nil)
    #expect(checkedSum(2, 3) == 5)
    #expect(checkedProduct(1 << 62, 2) == nil)
    #expect(checkedProduct(-3, 4) == -12)
    #expect(checkedRange(start: 2, count: 3, in: 0..<5) == 2..<5)
    #expect(checkedRange(start: 2, count: 4, in: 0..<5) == nil)
    #expect(checkedRange(start: 2, count: .max, in: 0..<5) == nil)
    #expect(checkedRange(start: 2, count: -1, in: 0..<5) == nil)
    #expect(checkedRange(start: -1, count: 2, in: 0..<5) == nil)
    #expect(checkedAlign(0, to: 64) == 0)
    #expect(checkedAlign(65, to: 64) == 128)
    #expect(checkedAlign(.max, to: 64) == nil)
    #expect(checkedAlign(1, to: 0) == nil)
  }

  @Test func messagesNeverCarryControlCharacters() {
    #expect(printable("a\u{1B}[2Jb") == "a\\u{1b}[2Jb")
    #expect(printable("\u{202E}x") == "\\u{202e}x")
    #expect(printable(String(repeating: "x", count: 200), limit: 3) == "xxx…")
  }
}
