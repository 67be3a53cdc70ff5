import Bytes
import TestSupport
import Testing

/// Small files that claim to be huge, and large ones made to be slow: refused within the budget.
@Suite("Budget of reading hostile checkpoints")
struct BudgetTests {
  /// 256 MiB of private memory and two seconds of one core.
  static let limits = ["-d 262144", "-t 2"]

  /// Parts of the names of hostile files that attack the budget.
  static let attacks = ["bomb", "deep", "depth", "expansion", "huge", "laugh", "many", "ratio"]

  @Test("Files of the fixtures", arguments: ["TorchCheckpointTests", "HDF5CheckpointTests"])
  func fixturesAreRefused(room: String) throws {
    let names = folderNames(fixturePath("bad", target: room)).filter { name in
      BudgetTests.attacks.contains { name.contains($0) }
    }
    #expect(names.count > 4)
    for name in names { try refuse(fixturePath("bad/" + name, target: room), message: "error: ") }
  }

  /// A pickle that repeats `piece`, and a part of the error message.
  struct Bomb: Sendable, CustomStringConvertible {
    let description: String
    let piece: [UInt8]
    let count: Int
    let message: String
  }

  static let bombs: [Bomb] = [
    // NONE, TUPLE1.
    Bomb(
      description: "tuples", piece: appending([0x4E, 0x85]), count: 3, message: "2500000 values"),
    // EMPTY_LIST.
    Bomb(description: "lists", piece: appending([0x5D]), count: 3, message: "2500000 values"),
    // EMPTY_DICT.
    Bomb(
      description: "dictionaries", piece: appending([0x7D]), count: 3,
      message: "too many dictionaries"),
    // BINPUT 0.
    Bomb(description: "opcodes", piece: [0x71, 0], count: 10_000_000, message: "too many opcodes"),
  ]

  /// MARK, pushes that the stack just holds, APPENDS.
  private static func appending(_ piece: [UInt8]) -> [UInt8] {
    [0x28] + repeated(piece, 900_000) + [0x65]
  }

  private static func repeated(_ piece: [UInt8], _ count: Int) -> [UInt8] {
    Array([[UInt8]](repeating: piece, count: count).joined())
  }

  @Test("Pickles of many values", arguments: bombs) func bombsAreRefused(bomb: Bomb) throws {
    // PROTO 2, EMPTY_LIST; STOP.
    let pickle = [0x80, 2, 0x5D] + BudgetTests.repeated(bomb.piece, bomb.count) + [0x2E]
    try withTemporaryFolder { folder in
      var archive = StoredArchive()
      archive.append("t/data.pkl", pickle)
      archive.append("t/version", Array("3\n".utf8))
      write(archive.bytes, to: folder + "/bomb.pt")
      try refuse(folder + "/bomb.pt", message: bomb.message)
    }
  }

  @Test("Files of many tensors") func manyTensorsAreRefused() throws {
    // PROTO 2, EMPTY_DICT, MARK; for each a string and the one tensor; SETITEMS, STOP.
    var pickle: [UInt8] = [0x80, 2, 0x7D, 0x28]
    for number in 0...100_000 {
      let name = Array(String(number).utf8)
      pickle += [0x58] + littleEndianBytes(UInt32(name.count)) + name
      pickle += number == 0 ? BudgetTests.tensor : [0x68, 0]
    }
    try withTemporaryFolder { folder in
      var archive = StoredArchive()
      archive.append("t/data.pkl", pickle + [0x75, 0x2E])
      archive.append("t/version", Array("3\n".utf8))
      archive.append("t/data/0", [0, 0, 0x80, 0x3F])
      write(archive.bytes, to: folder + "/many.pt")
      try refuse(folder + "/many.pt", message: "more than 100000 tensors")
    }
  }

  @Test("Files of NumPy and sam3.cpp") func otherProgramsAreRefused() throws {
    try withTemporaryFolder { folder in
      // A tebibyte of elements, of which none is there.
      let text = Array(
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1048576, 1048576), }\n".utf8)
      var archive = StoredArchive()
      archive.append(
        "w.npy",
        [0x93] + Array("NUMPY".utf8) + [1, 0] + littleEndianBytes(UInt16(text.count)) + text)
      write(archive.bytes, to: folder + "/bomb.npz")
      try refuse(folder + "/bomb.npz", message: "0 bytes follow the header")
      // Ninety thousand tensors are announced; the first has the largest count that 32 bits hold.
      let head: [UInt32] = [0x7361_6D32, 1, 0, 90_000, 1024, 1]
      let record: [UInt32] = [1, 8, 0, .max]
      let bytes =
        head.flatMap(littleEndianBytes) + [UInt8](repeating: 0, count: 220)
        + record.flatMap(littleEndianBytes) + Array("no_w.bia".utf8)
        + [UInt8](repeating: 0, count: 64)
      write(bytes, to: folder + "/bomb.ggml")
      try refuse(folder + "/bomb.ggml", message: "the data ends early")
    }
  }

  /// One float, kept as memo 0.
  private static let tensor =
    Array(
      ("ctorch._utils\n_rebuild_tensor_v2\n((X\u{7}\0\0\0storagectorch\nFloatStorage\n"
        + "X\u{1}\0\0\00X\u{3}\0\0\0cpuK\u{1}tQK\0))").utf8)
    // False, whose opcode is not ASCII.
    + [0x89] + Array("ccollections\nOrderedDict\n)RtRq\0".utf8)

  private func refuse(_ path: String, message: String) throws {
    let outcome = try Tool.convert.run(["inspect", path], in: "/", limits: BudgetTests.limits)
    #expect(outcome.exitCode == 65, "\(path): \(outcome.errors)")
    #expect(outcome.errors.contains(message), "\(path): \(outcome.errors)")
  }
}
