import Bytes
import Checkpoints
import Tensors
import TestSupport
import Testing

@Suite struct CheckpointTests {
  private func open(_ bytes: [UInt8]) throws -> OpenedCheckpoint {
    try Checkpoint.open(ByteStorage(byteCount: bytes.count) { $0.copyBytes(from: bytes) })
  }

  /// A folder of another room's fixtures.
  private func torchFixture(_ name: String) -> String {
    fixturePath(name, target: "TorchCheckpointTests")
  }

  @Test(arguments: ["fp32.pt", "no-extension", "wrong-extension.safetensors"])
  func opensByContent(name: String) throws {
    let opened = try Checkpoint.open(torchFixture("good/" + name))
    #expect(opened.format == .torch)
    #expect(opened.tensors.names == ["model.a.weight", "model.a.bias"])
    #expect(opened.byteCount == fileBytes(torchFixture("good/" + name))?.count)
    #expect(opened.details.map(\.label) == ["archive folder", "archive entries"])
    try opened.tensors.verify()
  }

  @Test func refusalsOfTheReaderNameTheFile() throws {
    let path = torchFixture("bad/pickle-os-system.pt")
    let failure = #expect(throws: Failure.self) { try Checkpoint.open(path) }
    #expect(failure?.code == "pickle.global")
    #expect(failure?.file == path)
    for (name, code) in [("pt-legacy.pt", "pt.legacy"), ("pt-tar.pt", "pt.tar_refused")] {
      #expect(throws: Failure(.badInput, code: code, "")) {
        try Checkpoint.open(torchFixture("bad/" + name))
      }
    }
    #expect(throws: Failure(.missingInput, code: "file.missing", "")) {
      try Checkpoint.open(torchFixture("good/none.pt"))
    }
  }

  @Test func hdf5IsReadByItsReader() {
    let signature: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]
    let hdf5 = signature + [UInt8](repeating: 0, count: 40)
    let userBlock = [UInt8](repeating: 1, count: 1024) + hdf5
    for bytes in [hdf5, userBlock] {
      #expect(throws: failure("h5.superblock")) { try open(bytes) }
    }
  }

  /// Files that two readers would take for two different checkpoints.
  @Test func filesOfTwoFormatsAreRefused() throws {
    let signature: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]
    let torch = try #require(fileBytes(torchFixture("good/fp32.pt")))
    let header = littleEndianBytes(UInt64(2)) + Array("{}".utf8)
    for bytes in [torch, header] {
      for place in [512, 1024, 4096] {
        var both = bytes
        if both.count < place { both += [UInt8](repeating: 0, count: place - both.count) }
        both.replaceSubrange(place..<min(place + 8, both.count), with: signature)
        #expect(throws: failure("checkpoint.ambiguous")) { try open(both) }
      }
      // The signature means nothing elsewhere.
      let harmless = bytes + [UInt8](repeating: 0, count: 600) + signature
      let found = #expect(throws: Failure.self) { try open(harmless) }
      #expect(found?.code != "checkpoint.ambiguous")
    }
  }

  @Test func allowancesReachTheReader() throws {
    var options = CheckpointOptions()
    options.ignoresForeignObjects = true
    options.allowsWrongChecksums = true
    let extra = try Checkpoint.open(torchFixture("extra/namespace.pt"), options: options)
    #expect(extra.tensors.names == ["model.w"])
    let damaged = try Checkpoint.open(torchFixture("bad/zip-crc.pt"), options: options)
    try damaged.tensors.verify()
  }

  @Test func changesOfTheFileAreNoticed() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/x.pt"
      let bytes = try #require(fileBytes(torchFixture("good/fp32.pt")))
      try AtomicFile.write(path: path, replaceExisting: false) { try $0.write(bytes) }
      let opened = try Checkpoint.open(path)
      try opened.checkUnchanged()
      try AtomicFile.write(path: path, replaceExisting: true) { try $0.write(bytes) }
      #expect(throws: failure("input.changed")) { try opened.checkUnchanged() }
    }
  }

  static let strangers: [(String, [UInt8])] = [
    ("a Git LFS pointer", Array("version https://git-lfs.github.com/spec/v1\noid sha256:0".utf8)),
    ("an HTML page", Array("\n<!DOCTYPE html><html><body>404".utf8)),
    ("an HTML page", Array("<HTML>".utf8)),
    ("JSON text", Array(#"{"error": "not found"}"#.utf8)),
    ("text", Array("Access denied\n".utf8)),
    ("a PNG picture", [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]),
    ("a JPEG picture", [0xFF, 0xD8, 0xFF, 0xE0]),
    ("gzip data", [0x1F, 0x8B, 0x08, 0x00]),
    ("xz data", [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00]),
    ("a 7-Zip archive", [0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C]),
    ("bzip2 data", Array("BZh91AY".utf8)),
    ("Zstandard data", [0x28, 0xB5, 0x2F, 0xFD]),
    ("an MP4 or QuickTime video", [0, 0, 0, 0x20] + Array("ftypisom".utf8)),
    ("a bare Python pickle", [0x80, 0x04, 0x95, 0x00]),
    ("a damaged or empty zip archive", [0x50, 0x4B, 0x05, 0x06, 0, 0]),
    ("zeros", [UInt8](repeating: 0, count: 2000)),
    ("data of an unknown format", [0x01, 0x02, 0x03]),
    ("a GGUF model", Array("GGUF".utf8) + [3, 0, 0, 0]),
    ("a SAM 3 of sam3.cpp", Array("3mas".utf8) + [3, 0, 0, 0]),
    ("a ggml model of another program", Array("lmgg".utf8) + [0, 3, 0, 0]),
    ("a TensorFlow Lite model", [0x1C, 0, 0, 0] + Array("TFL3".utf8)),
    ("an ExecuTorch program", [0x1C, 0, 0, 0] + Array("ET12".utf8)),
    ("a TensorRT engine", Array("ftrt".utf8) + [0, 0, 0, 0]),
    ("a program for Rockchip's NPU (RKNN)", Array("RKNN".utf8) + [0, 0, 0, 0]),
    ("an ncnn model", Array("7767517\n128 167\n".utf8)),
    (
      "an ONNX model",
      [0x08, 0x08, 0x12, 0x07] + Array("pytorch".utf8) + Array("\u{1A}\u{5}2.5.1:".utf8)
    ),
    (
      "a Core ML model",
      [0x08, 0x07, 0x12, 0x40, 0x0A, 0x10, 0x0A, 0x05] + Array("imageimage".utf8)
    ),
    (
      "an OpenVINO model",
      Array(#"<?xml version="1.0"?><net name="sam2" version="11"><layers></layers></net>"#.utf8)
    ),
    ("a MATLAB file", Array("MATLAB 7.3 MAT-file, Platform: GLNXA64".utf8)),
    ("a NumPy array", [0x93] + Array("NUMPY".utf8) + [1, 0]),
    (
      "the configuration of a model (config.json)",
      Array(#"{"architectures": ["Sam2Model"], "model_type": "sam2"}"#.utf8)
    ),
    ("a configuration", Array("model:\n  _target_: sam2.modeling.sam2_base.SAM2Base\n".utf8)),
  ]

  @Test(arguments: strangers) func strangersAreDescribed(summary: String, bytes: [UInt8]) {
    let failure = #expect(throws: Failure.self) { try open(bytes) }
    #expect(failure?.code == "checkpoint.format")
    #expect(
      failure?.message.hasSuffix("it looks like \(summary)") == true
        || failure?.message.contains("it looks like \(summary),") == true)
    #expect(failure?.hint != nil)
  }
}
