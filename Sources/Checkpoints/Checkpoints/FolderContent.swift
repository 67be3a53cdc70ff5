/// The kind of a folder, judged by the names in it.
enum FolderContent {
  /// Weights of Keras in several files.
  case hdf5
  /// A checkpoint that comes as a folder, and the file to read.
  case file(String)
  /// Something else, in words, and what to do about it.
  case other(String, hint: String)
  /// Nothing known; names of files that may be checkpoints.
  case unknown(files: [String])

  private static let snapshots = ["model.safetensors.index.json", "model.safetensors"]
  private static let checkpointEndings = [
    ".pt", ".pth", ".ckpt", ".bin", ".safetensors", ".h5", ".hdf5", ".npz", ".ggml", ".keras",
    ".weights.json",
  ]
  /// The end of a name, and what a folder with such a file is.
  private static let signs: [(suffix: String, summary: String, hint: String)] = [
    (
      ".distcp", "a distributed checkpoint of PyTorch",
      "join it first: python -m torch.distributed.checkpoint.format_utils dcp_to_torch FOLDER out.pt"
    ),
    ("Manifest.json", "a Core ML package", FileContent.compiledHint),
    ("saved_model.pb", "a TensorFlow model", FileContent.compiledHint),
    (".xml", "an OpenVINO model", FileContent.compiledHint),
  ]

  init(_ folder: FolderListing) {
    if let name = FolderContent.snapshots.first(where: folder.names.contains) {
      self = .file(name)
    } else if folder.names.contains(where: { $0.hasSuffix(HDF5Folder.suffix) }) {
      self = .hdf5
    } else if let sign = FolderContent.signs.first(where: { sign in
      folder.names.contains { $0.hasSuffix(sign.suffix) }
    }) {
      self = .other(sign.summary, hint: sign.hint)
    } else {
      self = .unknown(
        files: folder.names.filter { name in
          FolderContent.checkpointEndings.contains { name.hasSuffix($0) }
        })
    }
  }
}
