import Bytes
import Checkpoints
import Graph
import ModelInterface
import SAM2Config
import SAM2Import
import Tensors
import TestSupport
import Testing

/// The nano model in formats of other programs, against the model of its `.pt` file.
@Suite struct OtherFormatTests {
  private static func nano() throws -> ImportedModel {
    let path = fixturePath("nano/nano.pt", target: ".")
    return try ModelImporter.importModel(try Checkpoint.open(path).tensors)
  }

  /// The bytes of a tensor in row-major order.
  private static func bytes(_ tensor: Tensor) -> [UInt8] { tensor.withUnsafeBytes { Array($0) } }

  private static func open(_ bytes: [UInt8]) throws -> OpenedCheckpoint {
    try Checkpoint.open(ByteStorage(byteCount: bytes.count) { $0.copyBytes(from: bytes) })
  }

  private static func expectEqual(_ found: ImportedModel, _ expected: ImportedModel) {
    #expect(found.configuration == expected.configuration && found.parts == expected.parts)
    #expect(found.model.weights.names == expected.model.weights.names)
    for name in expected.model.weights.names {
      let pair = [found, expected].map { $0.model.weights[name].map(bytes) }
      #expect(pair[0] == pair[1], "\(name)")
    }
  }

  @Test func numPyHoldsTheSameModel() throws {
    let nano = try Self.nano()
    var archive = StoredArchive()
    for name in nano.model.weights.names {
      guard let tensor = nano.model.weights[name] else { continue }
      let sizes = tensor.shape.dimensions.map { "\($0)," }.joined(separator: " ")
      let text = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(sizes)), }\n"
      archive.append(
        "\(name).npy",
        [0x93] + Array("NUMPY".utf8) + [1, 0] + littleEndianBytes(UInt16(text.utf8.count))
          + Array(text.utf8) + Self.bytes(tensor))
    }
    let opened = try Self.open(archive.bytes)
    #expect(opened.format == .numpy)
    Self.expectEqual(try ModelImporter.importModel(opened.tensors), nano)
  }

  @Test(arguments: [56, 57]) func sam3CppHoldsTheSameModel(settingCount: Int) throws {
    let nano = try Self.nano()
    let words: [UInt32] = [0x7361_6D32, 1, 0, UInt32(nano.model.weights.names.count), 256, 1]
    var bytes = words.flatMap(littleEndianBytes)
    bytes += [UInt8](repeating: 0, count: 4 * (settingCount - 2))
    for name in nano.model.weights.names {
      guard let tensor = nano.model.weights[name] else { continue }
      let theirs = Self.theirs[name] ?? name
      let head = [UInt32(tensor.shape.rank), UInt32(theirs.utf8.count), 0]
      let sizes = tensor.shape.dimensions.reversed().map { UInt32($0) }
      bytes += (head + sizes).flatMap(littleEndianBytes) + Array(theirs.utf8)
      bytes += [UInt8](repeating: 0, count: (32 - bytes.count % 32) % 32) + Self.bytes(tensor)
    }
    let opened = try Self.open(bytes)
    #expect(opened.format == .ggml)
    // Only tensors that identify the layout must have its names: the others are official as well.
    let imported = try ModelImporter.importModel(opened.tensors)
    #expect(imported.layout == .sam3Cpp)
    Self.expectEqual(imported, nano)
  }

  private static let theirs = [
    "image_encoder.trunk.patch_embed.proj.weight": "hiera.patch_embed.weight",
    "image_encoder.trunk.patch_embed.proj.bias": "hiera.patch_embed.bias",
    "maskmem_tpos_enc": "mem_enc.tpos_enc",
    "memory_encoder.fuser.layers.1.gamma": "mem_enc.fuser.1.gamma",
  ]
}
