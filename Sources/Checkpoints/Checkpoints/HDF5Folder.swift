import Bytes
import HDF5Checkpoint
import Tensors

/// A model whose weights Keras keeps in several `.weights.h5` files of one folder.
struct HDF5Folder: TensorCollection {
  /// One file of the model.
  struct File: Sendable {
    let name: String
    /// The name of the part, before which the names of all models of a kind differ.
    let part: String
    let storage: ByteStorage
    /// Its hash in a manifest.
    let hash: String?
  }

  static let suffix = ".weights.h5"

  let files: [File]
  let notes: [String]
  private let joined: JoinedTensors
  private let folder: String

  var names: [String] { joined.names }

  /// The model in `folder`; the one whose files begin with `prefix`, when given.
  ///
  /// - Throws: `folder.several` for files of two models, `manifest.missing` for one that a manifest
  ///   names and the folder lacks; codes that start with `manifest.` or `h5.`.
  init(_ folder: FolderListing, parts: [String], prefix: String? = nil) throws(Failure) {
    var choice = try FileChoice(folder, parts: parts)
    try choice.keep(prefix: prefix)
    var files: [File] = []
    var opened: [(label: String?, tensors: any TensorCollection)] = []
    var notes: Set<String> = []
    for file in choice.files {
      let path = folder.path(of: file.name)
      do throws(Failure) {
        files.append(
          File(
            name: file.name, part: file.part, storage: try MappedFile.open(path), hash: file.hash))
        let checkpoint = try HDF5Checkpoint(path: path)
        opened.append((file.part, checkpoint))
        notes.formUnion(checkpoint.notes)
      } catch {
        throw error.about(file: path)
      }
    }
    self.folder = folder.path
    self.files = files
    self.notes = choice.notes + notes.sorted()
    joined = try JoinedTensors(opened)
  }

  func description(of name: String) -> TensorDescription? { joined.description(of: name) }

  func tensor(_ name: String) throws(Failure) -> Tensor { try joined.tensor(name) }

  /// Reads every tensor, and compares the hashes of the files with those of the manifest.
  func verify() throws(Failure) {
    try joined.verify()
    for file in files {
      guard let hash = file.hash else { continue }
      try FileManifest.check(file.storage, hash, file: "\(folder)/\(file.name)")
    }
  }
}
