import Bytes
import GGMLCheckpoint
import SafetensorsCheckpoint

/// The kind of a file, judged by its first bytes.
enum FileContent: Equatable {
  case checkpoint(CheckpointFormat)
  /// Something else, with a description, and the next step when it is known.
  case other(String, hint: String?)

  var summary: String {
    switch self {
    case .checkpoint(let format): "a \(format.name) checkpoint"
    case .other(let summary, _): summary
    }
  }

  var hint: String? {
    if case .other(_, let hint) = self { hint } else { nil }
  }

  /// Looks at the first bytes of `storage`, and for HDF5 at the places where its signature may be.
  /// - Throws: `checkpoint.ambiguous` when two formats claim the file.
  init(_ storage: ByteStorage) throws(Failure) {
    let head = storage.withUnsafeBytes { Array($0.prefix(FileContent.headByteCount)) }
    if let format = try FileContent.checkpointFormat(head, storage) {
      self = .checkpoint(format)
    } else if let known = FileContent.signatures.first(where: { $0.matches(head) }) {
      self = .other(known.summary, hint: known.hint)
    } else if let protobuf = FileContent.protobuf(head) {
      self = protobuf
    } else {
      self = FileContent.textOrUnknown(head)
    }
  }

  private static let headByteCount = 1024

  // MARK: - Checkpoints

  private static func checkpointFormat(
    _ head: [UInt8], _ storage: ByteStorage
  ) throws(Failure) -> CheckpointFormat? {
    // Old torch files and tar archives are left to the torch reader, whose refusal has the reason.
    let isLegacyTorch =
      head.first == 0x80
      && head.dropFirst(2).starts(with: [0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20])
    let isTar = head.dropFirst(257).starts(with: Array("ustar".utf8))
    let isTorch = head.starts(with: [0x50, 0x4B, 0x03, 0x04]) || isLegacyTorch || isTar
    if isMATLAB(head) { return nil }
    let first: CheckpointFormat? =
      isTorch
      ? .torch
      : head.starts(with: GGMLCheckpoint.magic) ? .ggml : isSafetensors(head) ? .safetensors : nil
    // HDF5 may start after anything. A file that one reader takes for weights and another for HDF5
    // is built to deceive one of them.
    if isHDF5(storage) {
      guard first == nil else {
        throw Failure(
          .badInput, code: "checkpoint.ambiguous",
          "the file can be read as \(first?.name ?? "") and as HDF5",
          hint: "nobody makes such a file by chance: get it from its publisher")
      }
      return .hdf5
    }
    if let first { return first }
    if FileManifest.looksLikeManifest(storage) { return .hdf5Folder }
    guard ShardedSafetensors.isIndex(storage) else { return nil }
    return HDF5Shards.isIndex(storage) ? .hdf5Shards : .safetensorsIndex
  }

  /// HDF5 after a text, with objects that only MATLAB understands.
  private static func isMATLAB(_ head: [UInt8]) -> Bool {
    head.starts(with: Array("MATLAB 7.3 MAT-file".utf8))
  }

  /// The signature is at byte 0, 512, 1024, 2048 and so on (HDF5 specification, II.A).
  private static func isHDF5(_ storage: ByteStorage) -> Bool {
    let signature: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]
    return storage.withUnsafeBytes { bytes in
      var offset = 0
      while offset <= bytes.count - signature.count {
        if bytes[offset..<(offset + signature.count)].elementsEqual(signature) { return true }
        offset = offset == 0 ? 512 : offset * 2
      }
      return false
    }
  }

  /// Eight bytes of header length, then a JSON object; 4 GB and more is something else.
  private static func isSafetensors(_ head: [UInt8]) -> Bool {
    guard head.count > 8, head[8] == UInt8(ascii: "{") else { return false }
    let headerByteCount = head[..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return (2..<(1 << 32)).contains(headerByteCount)
  }

  // MARK: - Everything else

  private struct Signature {
    let bytes: [UInt8]
    let offset: Int
    let summary: String
    let hint: String?

    init(_ bytes: [UInt8], at offset: Int = 0, _ summary: String, hint: String? = nil) {
      self.bytes = bytes
      self.offset = offset
      self.summary = summary
      self.hint = hint
    }

    init(_ text: String, at offset: Int = 0, _ summary: String, hint: String? = nil) {
      self.init(Array(text.utf8), at: offset, summary, hint: hint)
    }

    func matches(_ head: [UInt8]) -> Bool { head.dropFirst(offset).starts(with: bytes) }
  }

  private static let unpack = "unpack it first"
  /// For files that were compiled from a checkpoint.
  static let compiledHint =
    "a compiled model holds no whole set of weights: convert the .pt, .safetensors or .h5 checkpoint "
    + "that it was made from"
  private static let pickleHint =
    "weights of PyTorch: save them with torch.save (torch 1.6 or later); of PaddlePaddle (.pdparams): "
    + "take the checkpoint that they were made from"
  private static let signatures = [
    Signature(
      "version https://git-lfs", "a Git LFS pointer, not the file itself",
      hint: "fetch the file itself with: git lfs pull"),
    Signature([0x1F, 0x8B], "gzip data", hint: unpack),
    Signature([0xFD] + Array("7zXZ".utf8), "xz data", hint: unpack),
    Signature([0x28, 0xB5, 0x2F, 0xFD], "Zstandard data", hint: unpack),
    Signature("BZh", "bzip2 data", hint: unpack),
    Signature([0x37, 0x7A, 0xBC, 0xAF], "a 7-Zip archive", hint: unpack),
    Signature("PK", "a damaged or empty zip archive", hint: "download or copy the file again"),
    Signature([0x89] + Array("PNG".utf8), "a PNG picture"),
    Signature([0xFF, 0xD8, 0xFF], "a JPEG picture"),
    Signature("GIF8", "a GIF picture"),
    Signature("RIFF", "a RIFF file (WebP, AVI or WAV)"),
    Signature("ftyp", at: 4, "an MP4 or QuickTime video"),
    Signature("%PDF", "a PDF document"),
    Signature("GGUF", "a GGUF model", hint: compiledHint),
    Signature("3mas", "a SAM 3 of sam3.cpp", hint: "SAM 2 can be converted"),
    Signature(
      "lmgg", "a ggml model of another program",
      hint: "convert the .pt or .safetensors checkpoint that it was made from"),
    Signature("TFL3", at: 4, "a TensorFlow Lite model", hint: compiledHint),
    Signature("ET12", at: 4, "an ExecuTorch program", hint: compiledHint),
    Signature("RKNN", "a program for Rockchip's NPU (RKNN)", hint: compiledHint),
    Signature("ftrt", "a TensorRT engine", hint: compiledHint),
    Signature("ptrt", "a TensorRT engine", hint: compiledHint),
    Signature("7767517", "an ncnn model", hint: compiledHint),
    Signature(
      "MATLAB 7.3 MAT-file", "a MATLAB file",
      hint: "its objects are for MATLAB alone: take the checkpoint of their publisher"),
    Signature(
      [0x93] + Array("NUMPY".utf8), "a NumPy array",
      hint: "a checkpoint is an archive of named arrays: numpy.savez(\"weights.npz\", **arrays)"),
    Signature([0x7F] + Array("ELF".utf8), "a program"),
    Signature([0x80, 0x02], "a bare Python pickle", hint: pickleHint),
    Signature([0x80, 0x03], "a bare Python pickle", hint: pickleHint),
    Signature([0x80, 0x04], "a bare Python pickle", hint: pickleHint),
    Signature([0x80, 0x05], "a bare Python pickle", hint: pickleHint),
  ]

  /// Models that are messages of Protocol Buffers: a small version number, then a field that is the
  /// name of a program (ONNX) or another message (Core ML).
  private static func protobuf(_ head: [UInt8]) -> FileContent? {
    guard head.count > 16, head[0] == 0x08, (1...20).contains(head[1]), head[2] == 0x12 else {
      return nil
    }
    let isName = (1..<64).contains(head[3]) && (0x20..<0x7F).contains(head[4])
    return .other(isName ? "an ONNX model" : "a Core ML model", hint: compiledHint)
  }

  private static func textOrUnknown(_ head: [UInt8]) -> FileContent {
    if head.allSatisfy({ $0 == 0 }) {
      return .other("zeros", hint: "the file was not written completely; download it again")
    }
    let isText = head.allSatisfy { $0 >= 0x20 || $0 == 0x09 || $0 == 0x0A || $0 == 0x0D }
    guard isText else { return .other("data of an unknown format", hint: nil) }
    let text = String(decoding: head, as: UTF8.self)
    let start = text.drop { $0.isWhitespace }.prefix(64).lowercased()
    if start.hasPrefix("<!doctype html") || start.hasPrefix("<html") {
      return .other("an HTML page", hint: "the download gave an error page; download it again")
    }
    if start.hasPrefix("<"), text.contains("<net ") {
      return .other("an OpenVINO model", hint: compiledHint)
    }
    if start.hasPrefix("<") { return .other("an XML or HTML document", hint: nil) }
    if start.hasPrefix("{"), text.contains("\"model_type\"") {
      return .other(
        "the configuration of a model (config.json)", hint: "pass the model.safetensors beside it")
    }
    if start.hasPrefix("{") || start.hasPrefix("[") { return .other("JSON text", hint: nil) }
    if text.contains("_target_:") {
      return .other("a configuration", hint: "pass it as --config, beside the checkpoint")
    }
    return .other("text", hint: nil)
  }
}
