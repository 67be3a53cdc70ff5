import Bytes
import GGMLCheckpoint
import Tensors
import TestSupport
import Testing

@Suite struct GGMLCheckpointTests {
  private static func open(_ bytes: [UInt8]) throws -> GGMLCheckpoint {
    try GGMLCheckpoint(storage: ByteStorage(byteCount: bytes.count) { $0.copyBytes(from: bytes) })
  }

  private static func file(_ change: (inout GGMLFile) -> Void = { _ in }) -> GGMLFile {
    var file = GGMLFile()
    change(&file)
    file.append(
      "fpn.convs.0.weight", [2, 3], (0..<6).flatMap { littleEndianBytes(Float($0).bitPattern) })
    file.append("fpn.convs.0.bias", [2], type: 1, [0, 0x3C, 0, 0xC0])
    return file
  }

  @Test(arguments: [56, 57]) func bothLengthsOfTheHeaderAreRead(settingCount: Int) throws {
    let checkpoint = try Self.open(Self.file { $0.settingCount = settingCount }.bytes)
    #expect(checkpoint.names == ["fpn.convs.0.weight", "fpn.convs.0.bias"])
    let weight = try checkpoint.tensor("fpn.convs.0.weight")
    #expect(weight.shape == [2, 3] && weight.floats() == [0, 1, 2, 3, 4, 5])
    let bias = try checkpoint.tensor("fpn.convs.0.bias")
    #expect(bias.dtype == .float16 && bias.floats() == [1, -2])
    #expect(checkpoint.details.map(\.value) == ["f32", "256"])
    #expect(throws: failure("tensor.missing")) { try checkpoint.tensor("none") }
  }

  private static func record(
    _ name: String = "w", _ sizes: [UInt32] = [1], type: UInt32 = 0, data: Int = 4,
    padding: UInt8 = 0
  ) -> [UInt8] {
    var file = GGMLFile()
    file.append(
      name, sizes, type: type, [UInt8](repeating: 0, count: data), padding: padding)
    return file.bytes
  }

  private static func replacing(_ bytes: [UInt8], at offset: Int, _ value: UInt32) -> [UInt8] {
    var copy = bytes
    copy.replaceSubrange(offset..<(offset + 4), with: littleEndianBytes(value))
    return copy
  }

  private static let firstRecord = 16 + 4 * 57

  static let hostile: [(label: String, code: String, bytes: [UInt8])] = [
    ("nothing", "ggml.truncated", []),
    ("a SAM 3", "ggml.header", file { $0.magic = 0x7361_6D33 }.bytes),
    ("version 2", "ggml.header", file { $0.version = 2 }.bytes),
    ("an unknown type", "ggml.dtype", file { $0.weightType = 99 }.bytes),
    ("no tensors", "model.too_many_tensors", file { $0.count = 0 }.bytes),
    ("a billion tensors", "model.too_many_tensors", file { $0.count = 1 << 30 }.bytes),
    ("one tensor too many", "ggml.truncated", file { $0.count = 3 }.bytes),
    ("one tensor too few", "ggml.trailing", file { $0.count = 1 }.bytes),
    ("EdgeTAM", "ggml.trunk", file { $0.trunk = 2 }.bytes),
    ("a header alone", "ggml.truncated", GGMLFile(count: 1).bytes),
    ("half a header", "ggml.truncated", Array(file().bytes.prefix(100))),
    ("cut data", "ggml.truncated", Array(file().bytes.dropLast())),
    ("more data", "ggml.trailing", file().bytes + [0]),
    ("five axes", "ggml.record", record("w", [1, 1, 1, 1, 1])),
    ("axes without end", "ggml.record", replacing(record(), at: firstRecord, .max)),
    ("a name without end", "ggml.record", replacing(record(), at: firstRecord + 4, .max)),
    ("no name", "ggml.record", replacing(record(), at: firstRecord + 4, 0)),
    ("an unprintable name", "ggml.name", record("a\u{1B}[2J")),
    ("a negative size", "ggml.truncated", replacing(record(), at: firstRecord + 12, .max)),
    ("sizes that overflow", "tensor.shape", record("w", [.max, .max, .max, .max])),
    ("a dirty gap", "ggml.padding", record(padding: 1)),
    ("weights in 8 bits", "ggml.quantized", record("w", [32, 32], type: 8, data: 1088)),
    ("weights in 4 bits", "ggml.quantized", record("w", [32, 32], type: 2, data: 576)),
    ("an unknown element type", "ggml.record", record(type: 77)),
    (
      "a name twice", "ggml.name",
      {
        var file = GGMLFile()
        for _ in 0..<2 { file.append("w", [1], [0, 0, 0, 0]) }
        return file.bytes
      }()
    ),
  ]

  @Test(arguments: hostile) func eachMeetsItsError(label: String, code: String, bytes: [UInt8]) {
    #expect(throws: failure(code), "\(label)") { try Self.open(bytes) }
  }

  @Test func emptyTensorsAndScalarsAreTensors() throws {
    var file = GGMLFile()
    file.append("empty", [0, 3], [])
    file.append("scalar", [], littleEndianBytes(Float(7).bitPattern))
    let checkpoint = try Self.open(file.bytes)
    #expect(try checkpoint.tensor("empty").shape == [0, 3])
    #expect(try checkpoint.tensor("scalar").floats() == [7])
  }

  @Test func overwrittenBytesAreAnswered() throws {
    var random = SeededRandom(seed: 12)
    let whole = Self.file().bytes
    for _ in 0..<4000 {
      var bytes = whole
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        bytes[Int.random(in: bytes.indices, using: &random)] = .random(in: 0...255, using: &random)
      }
      do throws(Failure) {
        let storage = ByteStorage(byteCount: bytes.count) { $0.copyBytes(from: bytes) }
        try GGMLCheckpoint(storage: storage).verify()
      } catch {
        #expect(error.kind == .badInput)
      }
    }
  }
}
