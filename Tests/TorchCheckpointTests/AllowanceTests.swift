import Bytes
import Tensors
import TestSupport
import Testing
import TorchCheckpoint

/// Contents that are refused unless the user asks for them.
@Suite struct AllowanceTests {
  /// Each file of `Fixtures/extra`, how it is refused, and what its notes name when it is not.
  static let extras: [(file: String, code: String, name: String)] = [
    ("namespace", "pickle.global", "argparse.Namespace"),
    ("numpy", "pickle.global", "numpy._core.multiarray.scalar"),
    ("date", "pickle.global", "datetime.datetime"),
    ("path", "pickle.global", "pathlib.PurePosixPath"),
    ("counts", "pickle.global", "collections.defaultdict"),
    ("keys", "pickle.global", "__main__.Mode"),
    ("float8", "tensor.dtype", "torch._utils._rebuild_tensor_v3"),
    ("sparse", "tensor.dtype", "torch._utils._rebuild_sparse_tensor"),
    ("complex", "tensor.dtype", "torch.ComplexFloatStorage"),
    ("exploit", "pickle.global", "posix.system"),
  ]

  private func storage(_ path: String) throws -> ByteStorage {
    try MappedFile.open(fixturePath(path))
  }

  @Test(arguments: extras) func foreignObjectsAreDroppedWhenAsked(
    file: String, code: String, name: String
  ) throws {
    let storage = try storage("extra/\(file).pt")
    let refusal = #expect(throws: Failure.self) { try TorchCheckpoint(storage: storage) }
    #expect(refusal?.code == code, "\(String(describing: refusal))")
    let checkpoint = try TorchCheckpoint(storage: storage, ignoringForeignObjects: true)
    try checkpoint.verify()
    #expect(checkpoint.names == ["model.w"])
    let plain = try TorchCheckpoint(storage: try self.storage("good/fp32.pt"))
    let expected = try plain.tensor("model.a.weight").floats()
    #expect(try checkpoint.tensor("model.w").floats() == expected)
    let notes = checkpoint.notes.joined(separator: "; ")
    #expect(notes.contains("dropped objects of other programs: ") && notes.contains(name))
  }

  @Test func theTableCoversTheFolder() {
    #expect(
      AllowanceTests.extras.map { $0.file + ".pt" }.sorted() == folderNames(fixturePath("extra")))
  }

  /// Weights themselves are never taken from a foreign object, and nothing else gets laxer.
  @Test func otherContentsAreStillRefused() throws {
    let cases = [
      ("pt-whole-module", "pt.layout"), ("pickle-os-system", "pt.layout"),
      ("pickle-eval", "pt.layout"), ("tensor-dtype-float8", "pt.layout"),
      ("pickle-opcode-93", "pickle.opcode"), ("pickle-global-long", "pickle.global"),
      ("pickle-stack-reduce", "pickle.stack"), ("pickle-call-number", "pickle.type"),
      ("pickle-list-key", "pickle.key_type"), ("tensor-stride-bomb", "tensor.expand"),
      ("zip-crc", "zip.crc"),
    ]
    for (file, code) in cases {
      let storage = try storage("bad/\(file).pt")
      let failure = #expect(throws: Failure.self) {
        try TorchCheckpoint(storage: storage, ignoringForeignObjects: true).verify()
      }
      #expect(failure?.code == code, "\(file): \(String(describing: failure))")
    }
  }

  @Test func wrongChecksumsAreReadWhenAsked() throws {
    for (file, entry) in [
      ("zip-crc", "t/data/0"), ("zip-crc-pickle", "t/data.pkl"),
      ("zip-crc-unrelated", "t/.data/note"),
    ] {
      let storage = try storage("bad/\(file).pt")
      let checkpoint = try TorchCheckpoint(storage: storage, allowingWrongChecksums: true)
      try checkpoint.verify()
      #expect(checkpoint.notes == ["accepted wrong checksums: \(entry)"])
      #expect(try checkpoint.tensor("model.w").floats() == [0.5, -1, 2, 3.25, -4, 5])
    }
    // A checksum is not all that can be wrong.
    let damaged = try storage("bad/zip-inflate-damaged.pt")
    #expect(throws: failure("zip.inflate")) {
      try TorchCheckpoint(storage: damaged, allowingWrongChecksums: true)
    }
  }

  /// Inflating a whole checkpoint into memory is what a large one must not do.
  @Test func inflatedEntriesAreLetGo() throws {
    let checkpoint = try TorchCheckpoint(storage: try storage("good/deflated.pt"))
    try checkpoint.verify()
    weak let first = try checkpoint.tensor("model.a.weight").storage
    #expect(first != nil)
    _ = try checkpoint.tensor("model.a.bias")
    #expect(first == nil)
  }
}
