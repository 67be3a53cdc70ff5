import Bytes

// Operands that follow an opcode. A length is checked against what is left before anything is
// allocated for it.

extension PickleMachine {
  /// LONG1: a length byte and a little-endian two's complement integer, here of at most 8 bytes.
  mutating func readLong() throws(Failure) -> Int64 {
    let bytes = try cursor.readBytes(Int(try cursor.readUInt8()))
    guard bytes.count <= 8 else {
      throw failure("pickle.integer", "an integer of \(bytes.count) bytes; at most 8 are accepted")
    }
    var value: UInt64 = (bytes.last ?? 0) & 0x80 == 0 ? 0 : .max
    for byte in bytes.reversed() { value = value << 8 | UInt64(byte) }
    return Int64(bitPattern: value)
  }

  mutating func readText(byteCount: Int) throws(Failure) -> String {
    guard let text = try cursor.readUTF8(byteCount: byteCount) else {
      throw failure("pickle.utf8", "a string of the pickle is not UTF-8")
    }
    return text
  }

  /// SHORT_BINSTRING: bytes of unknown encoding, which only ASCII reads alike everywhere.
  mutating func readASCII(byteCount: Int) throws(Failure) -> String {
    let bytes = try cursor.readBytes(byteCount)
    guard bytes.allSatisfy({ $0 < 0x80 }) else {
      throw failure("pickle.utf8", "a byte string of the pickle is not ASCII")
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// GLOBAL: module and name, each ended by a line feed.
  mutating func readGlobal() throws(Failure) -> PickleGlobal {
    let module = try readLine()
    let name = try readLine()
    do {
      return try PickleGlobal(module: module, name: name, place: place)
    } catch {
      guard ignoresForeignObjects else { throw error }
      graph.noteForeign(String(decoding: module + [0x2E] + name, as: UTF8.self))
      return .foreign
    }
  }

  private mutating func readLine() throws(Failure) -> [UInt8] {
    var line: [UInt8] = []
    while true {
      let byte = try cursor.readUInt8()
      if byte == 0x0A { return line }
      guard line.count < PickleGlobal.maximumNameByteCount else {
        throw failure(
          "pickle.global",
          "the pickle refers to \(printable(String(decoding: line, as: UTF8.self))), which is not "
            + "on the allow list; nothing was executed")
      }
      line.append(byte)
    }
  }
}
