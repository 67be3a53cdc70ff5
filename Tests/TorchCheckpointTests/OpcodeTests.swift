import Bytes
import TestSupport
import Testing
import TorchCheckpoint

/// Pickles of one opcode: all that are not known, and all that want more than the stack holds.
@Suite struct OpcodeTests {
  /// The opcodes that torch writes with protocol 2; NEWOBJ only where objects are dropped.
  private static let known: Set<UInt8> = Set(
    "(). GJKMNQRUX]abcehjqrstu}".utf8.filter { $0 != UInt8(ascii: " ") }
  ).union([0x80, 0x81, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A])

  /// The code of the failure that the archive of a pickle meets; nil when it is accepted.
  private func code(_ pickle: [UInt8]) -> String? {
    var archive = StoredArchive()
    archive.append("t/data.pkl", [0x80, 2] + pickle)
    archive.append("t/version", Array("3\n".utf8))
    let bytes = archive.bytes
    do throws(Failure) {
      _ = try TorchCheckpoint(
        storage: ByteStorage(byteCount: bytes.count) { $0.copyBytes(from: bytes) })
      return nil
    } catch {
      return error.code
    }
  }

  @Test func noOtherOpcodeIsKnown() {
    #expect(OpcodeTests.known.count == 33)
    for opcode in UInt8.min...UInt8.max {
      // The bytes after it are operands or STOP, so that only the first can be unknown.
      let isRefused = code([opcode] + [UInt8](repeating: 0x2E, count: 12)) == "pickle.opcode"
      let isKnown = OpcodeTests.known.contains(opcode) && opcode != 0x81
      #expect(isRefused != isKnown, "opcode \(opcode)")
    }
  }

  @Test func anEmptyStackIsNoticed() {
    let wanting: [[UInt8]] = [
      Array(".".utf8), Array("Q".utf8), Array("R".utf8), Array("a".utf8), Array("b".utf8),
      Array("e".utf8), Array("(e".utf8), Array("q\0".utf8), Array("r\0\0\0\0".utf8),
      Array("s".utf8), Array("t".utf8), Array("u".utf8), Array("(u".utf8), [0x85], [0x86], [0x87],
    ]
    for opcode in wanting {
      #expect(code(opcode + [0x2E]) == "pickle.stack", "\(opcode)")
      // One value is enough for the first of these, and for none of the others.
      let one = code([0x4E] + opcode + [0x2E])
      #expect(one != nil && one != "pickle.opcode", "\(opcode)")
    }
  }
}
