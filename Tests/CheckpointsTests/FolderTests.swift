import Bytes
import Checkpoints
import Crypto
import Tensors
import TestSupport
import Testing

/// Folders: which files are the weights of one model, and what other folders are.
@Suite struct FolderTests {
  private static let h5 = "HDF5CheckpointTests"

  private static func options(_ parts: String...) -> CheckpointOptions {
    var options = CheckpointOptions()
    options.parts = parts
    return options
  }

  private static func put(_ bytes: [UInt8], _ path: String) throws {
    try AtomicFile.write(path: path, replaceExisting: true) { try $0.write(bytes) }
  }

  /// Files of that name, each with a small set of tensors.
  private static func fill(_ folder: String, _ names: [String]) throws -> [String: String] {
    let bytes = try #require(fileBytes(fixturePath("good/keras.h5", target: h5)))
    var hasher = SHA256()
    bytes.withUnsafeBytes { hasher.update(bufferPointer: $0) }
    let hash = hasher.finalize().map { hexadecimal($0).dropFirst(2) }.joined()
    for name in names { try put(bytes, "\(folder)/\(name)") }
    return Dictionary(uniqueKeysWithValues: names.map { ($0, hash) })
  }

  private static func manifest(_ entries: [(String, String)]) -> [UInt8] {
    let rows = entries.map { #""\#($0.0)": "\#($0.1)""# }
    return Array("{\(rows.joined(separator: ", "))}".utf8)
  }

  @Test(arguments: ["", "tiny_", "sam2.1_hiera_tiny_"])
  func partsAreOneCheckpoint(prefix: String) throws {
    try withTemporaryFolder { folder in
      _ = try Self.fill(folder, ["\(prefix)a.weights.h5", "\(prefix)b_c.weights.h5"])
      try Self.put([1], folder + "/notes.txt")
      let opened = try Checkpoint.open(folder, options: Self.options("a", "b_c"))
      #expect(opened.format == .hdf5Folder)
      #expect(opened.tensors.names.contains("a.layers.dense.vars.0"))
      #expect(opened.tensors.names.contains("b_c.layers.dense.vars.0"))
      #expect(opened.tensors.description(of: "a.layers.dense.vars.0")?.layer == "norm")
      #expect(opened.shards.map(\.name) == ["\(prefix)b_c.weights.h5"])
      try opened.tensors.verify()
      try opened.checkUnchanged()
    }
  }

  @Test func otherFilesAreLeftOutAndNamed() throws {
    try withTemporaryFolder { folder in
      _ = try Self.fill(folder, ["a.weights.h5", "other.weights.h5"])
      let opened = try Checkpoint.open(folder, options: Self.options("a", "b"))
      #expect(opened.notes.contains { $0.contains("other.weights.h5") })
      #expect(opened.shards.isEmpty)
    }
  }

  @Test func twoModelsNeedAManifest() throws {
    try withTemporaryFolder { folder in
      let hashes = try Self.fill(
        folder, ["x_a.weights.h5", "y_a.weights.h5", "y_b.weights.h5"])
      let options = Self.options("a", "b")
      let caught = #expect(throws: Failure.self) { try Checkpoint.open(folder, options: options) }
      #expect(caught?.code == "folder.several" && caught?.message.contains("x, y") == true)
      let hash = try #require(hashes["y_a.weights.h5"])
      try Self.put(
        Self.manifest([("a.weights.h5", hash)]), folder + "/y.manifest.json")
      try Self.put(
        Self.manifest([("b.weights.h5", hash.uppercased())]), folder + "/y.video.manifest.json")
      for name in ["y.manifest.json", "y.video.manifest.json"] {
        let opened = try Checkpoint.open("\(folder)/\(name)", options: options)
        #expect(opened.shards.map(\.name) == ["y_b.weights.h5"])
        #expect(opened.details.contains { $0.value == "2" })
        try opened.tensors.verify()
      }
    }
  }

  @Test func wrongHashesAreRefused() throws {
    try withTemporaryFolder { folder in
      _ = try Self.fill(folder, ["m_a.weights.h5"])
      let wrong = String(repeating: "0", count: 64)
      try Self.put(Self.manifest([("a.weights.h5", wrong)]), folder + "/m.manifest.json")
      let opened = try Checkpoint.open(folder, options: Self.options("a"))
      let caught = #expect(throws: Failure.self) { try opened.tensors.verify() }
      #expect(caught?.code == "manifest.hash" && caught?.file == folder + "/m_a.weights.h5")
    }
  }

  static let manifests: [(label: String, text: String, code: String)] = [
    ("a missing file", #"{"b.weights.h5": "\#(zeros)"}"#, "manifest.missing"),
    ("a path", #"{"../a.weights.h5": "\#(zeros)"}"#, "manifest.entry"),
    ("no hash", #"{"a.weights.h5": "123"}"#, "manifest.entry"),
    ("a number", #"{"a.weights.h5": 7}"#, "manifest.entry"),
    (
      "a name twice", #"{"a.weights.h5": "\#(zeros)", "a.weights.h5": "\#(zeros)"}"#,
      "manifest.json"
    ),
    ("an open object", #"{"a.weights.h5": "\#(zeros)""#, "manifest.json"),
    ("nested", #"{"a.weights.h5": {"x": {"y": {}}}}"#, "manifest.json"),
  ]
  private static let zeros = String(repeating: "0", count: 64)

  @Test(arguments: manifests) func badManifests(label: String, text: String, code: String) throws {
    try withTemporaryFolder { folder in
      _ = try Self.fill(folder, ["m_a.weights.h5"])
      try Self.put(Array(text.utf8), folder + "/m.manifest.json")
      for path in [folder, folder + "/m.manifest.json"] {
        #expect(throws: failure(code), "\(label)") {
          try Checkpoint.open(path, options: Self.options("a", "b"))
        }
      }
    }
  }

  @Test func snapshotsAreTheirFile() throws {
    let header = Array(#"{"w":{"dtype":"I8","shape":[],"data_offsets":[0,1]}}"#.utf8)
    let bytes = littleEndianBytes(UInt64(header.count)) + header + [7]
    try withTemporaryFolder { folder in
      try Self.put(bytes, folder + "/model.safetensors")
      try Self.put(Array(#"{"model_type": "sam2"}"#.utf8), folder + "/config.json")
      let opened = try Checkpoint.open(folder)
      #expect(opened.format == .safetensors && opened.tensors.names == ["w"])
      #expect(opened.notes == ["read model.safetensors of the folder"])
    }
  }

  @Test(arguments: [
    ("__0_0.distcp", "distributed checkpoint"), ("Manifest.json", "Core ML"),
    ("saved_model.pb", "TensorFlow"), ("sam2.xml", "OpenVINO"),
  ])
  func otherFoldersAreNamed(file: String, name: String) throws {
    try withTemporaryFolder { folder in
      try Self.put([1], "\(folder)/\(file)")
      let caught = #expect(throws: Failure.self) { try Checkpoint.open(folder) }
      #expect(caught?.code == "checkpoint.format" && caught?.message.contains(name) == true)
      #expect(caught?.hint != nil)
    }
  }

  @Test func aFolderOfCheckpointsIsRefused() throws {
    try withTemporaryFolder { folder in
      #expect(throws: Failure(.missingInput, code: "file.directory", "")) {
        try Checkpoint.open(folder)
      }
      try Self.put([1], folder + "/tiny.pt")
      let caught = #expect(throws: Failure.self) { try Checkpoint.open(folder) }
      #expect(caught?.kind == .missingInput && caught?.hint?.contains("tiny.pt") == true)
    }
  }

  // MARK: - Shards and archives

  private static func index(_ rows: String) -> [UInt8] {
    Array(#"{"metadata": {"total_size": 1.0}, "weight_map": {\#(rows)}}"#.utf8)
  }

  /// The groups of the fixture, all in one file.
  private static let whole = [
    "/layers/dense/vars", "/layers/dense_1/vars", "/vars", "/unnamed/vars",
  ]

  @Test func shardsOfKerasAreJoined() throws {
    try withTemporaryFolder { folder in
      _ = try Self.fill(folder, ["m_00000.weights.h5"])
      let rows = Self.whole.map { #""\#($0)": ["m_00000.weights.h5"]"# }.joined(separator: ",")
      try Self.put(Self.index(rows), folder + "/m.weights.json")
      let opened = try Checkpoint.open(folder + "/m.weights.json")
      #expect(opened.format == .hdf5Shards && opened.shards.map(\.name) == ["m_00000.weights.h5"])
      #expect(opened.tensors.description(of: "layers.dense.vars.0")?.layer == "norm")
      try opened.tensors.verify()
      let caught = #expect(throws: Failure.self) {
        try Checkpoint.open(folder + "/m_00000.weights.h5")
      }
      #expect(caught?.code == "keras.shard" && caught?.hint?.contains("m.weights.json") == true)
    }
  }

  static let indices: [(label: String, rows: String, code: String)] = [
    ("a missing shard", #""/vars": "none.weights.h5""#, "keras.index_shard"),
    ("a path", #""/vars": "../m.weights.h5""#, "keras.index_path"),
    ("another format", #""/vars": ["m.weights.h5", "x.safetensors"]"#, "keras.index_path"),
    (
      "a number in a list", #""/vars": "m.weights.h5", "/a/vars": ["m.weights.h5", 7]"#,
      "keras.index_path"
    ),
    ("a group too few", #""/vars": "m.weights.h5""#, "keras.index"),
  ]

  @Test(arguments: indices) func badIndices(label: String, rows: String, code: String) throws {
    try withTemporaryFolder { folder in
      _ = try Self.fill(folder, ["m.weights.h5"])
      try Self.put(Self.index(rows), folder + "/m.weights.json")
      #expect(throws: failure(code), "\(label)") { try Checkpoint.open(folder + "/m.weights.json") }
    }
  }

  @Test func archivesOfKerasAndNumPyAreRead() throws {
    let weights = try #require(fileBytes(fixturePath("good/keras.h5", target: Self.h5)))
    var archive = StoredArchive()
    archive.append("metadata.json", Array("{}".utf8))
    archive.append("config.json", Array("{}".utf8))
    archive.append("model.weights.h5", weights)
    func open(_ archive: StoredArchive) throws -> OpenedCheckpoint {
      let bytes = archive.bytes
      return try Checkpoint.open(ByteStorage(byteCount: bytes.count) { $0.copyBytes(from: bytes) })
    }
    let opened = try open(archive)
    #expect(opened.format == .keras)
    #expect(opened.tensors.description(of: "layers.dense.vars.0")?.layer == "norm")
    try opened.tensors.verify()

    var sharded = StoredArchive()
    sharded.append("model.weights.json", Array("{}".utf8))
    sharded.append("model_00000.weights.h5", weights)
    #expect(throws: failure("keras.sharded_archive")) { try open(sharded) }

    let text = Array("{'descr': '|u1', 'fortran_order': False, 'shape': (1,), }\n".utf8)
    var arrays = StoredArchive()
    arrays.append(
      "w.npy",
      [0x93] + Array("NUMPY".utf8) + [1, 0] + littleEndianBytes(UInt16(text.count)) + text + [5])
    let numpy = try open(arrays)
    #expect(numpy.format == .numpy && numpy.tensors.names == ["w"])
    #expect(try numpy.tensors.tensor("w").floats() == [5])
  }

  @Test(arguments: ["sam2/archive_format", "serialized_exported_program.json", "m.mlmodel"])
  func archivesOfProgramsAreNamed(entry: String) {
    var archive = StoredArchive()
    archive.append(entry, Array("pt2".utf8))
    let bytes = archive.bytes
    let caught = #expect(throws: Failure.self) {
      try Checkpoint.open(ByteStorage(byteCount: bytes.count) { $0.copyBytes(from: bytes) })
    }
    #expect(caught?.code == "checkpoint.format" && caught?.hint?.contains(".safetensors") == true)
  }
}
