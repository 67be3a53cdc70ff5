import Bytes
import CLISupport
import JSON
import Media

/// The files of one item while they are written; with run lengths there are none.
struct BatchItemFolder {
  private let writer: BatchWriter
  private let index: Int
  private let id: String
  /// Where files are made; nil without files.
  private let path: String?
  private var maskCount = 0

  init(_ writer: BatchWriter, _ index: Int, _ id: String) throws(Failure) {
    self.writer = writer
    self.index = index
    self.id = id
    path = writer.format == .rle ? nil : try writer.folder.begin(index)
  }

  /// Where a mask of a picture is: a file with the next number, or the run lengths themselves.
  mutating func place(of mask: BinaryMask) throws(Failure) -> BatchMembers {
    switch writer.format {
    case .png: [("file", .string(try write(PNGWriter.encode(mask), nextName())))]
    case .davis: []
    case .rle: [("segmentation", RunLengthMask(mask).json)]
    }
  }

  /// The same for a mask that is kept as run lengths.
  mutating func place(of mask: RunLengthMask) throws(Failure) -> BatchMembers {
    writer.format == .rle ? [("segmentation", mask.json)] : try place(of: mask.mask)
  }

  private mutating func nextName() -> String {
    defer { maskCount += 1 }
    return "\(maskCount).png"
  }

  /// Writes a file, whose name may begin with a folder; the path from the output folder.
  func write(_ bytes: [UInt8], _ name: String) throws(Failure) -> String {
    if let path {
      if name.contains("/") { try Tool.createFolder(folderName("\(path)/\(name)")) }
      try PictureFile.write(bytes, to: "\(path)/\(name)")
    }
    return "\(id)/\(name)"
  }

  /// Removes a file that `write` named.
  func remove(_ file: String) {
    if let path { FileTree.remove(path + String(file.dropFirst(id.count))) }
  }

  /// Puts the files in their place.
  func commit() throws(Failure) {
    guard path != nil else { return }
    try writer.folder.commit(index, as: id, replacesExisting: writer.replacesExisting)
  }
}

extension RunLengthMask {
  /// As COCO has it: {"size": [height, width], "counts": "…"}.
  var json: JSONValue {
    ["size": [.init(height), .init(width)], "counts": .string(cocoCounts)]
  }
}
