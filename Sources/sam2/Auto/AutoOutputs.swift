import Bytes
import CLISupport
import Glibc
import JSON
import Media
import SAM2

/// The files written for one picture.
struct AutoFiles {
  /// The file of each mask; empty when all are in one JSON file.
  var masks: [String] = []
  /// The table or JSON file.
  var index = ""
  var overlay: String?
}

/// Decides before any work which files there will be, and writes them.
struct AutoOutputs {
  private let folder: OutputFolder
  private let mode: AutoOutputMode
  private let drawsOverlay: Bool

  /// Checks that all files can be created, and that none replaces another or an input.
  /// - Throws: `output.*`; `output.exists` unless `replacesExisting`.
  init(
    images: [String], folder: String, mode: AutoOutputMode, drawsOverlay: Bool,
    replacesExisting: Bool
  ) throws(Failure) {
    self.folder = try OutputFolder(folder)
    self.mode = mode
    self.drawsOverlay = drawsOverlay
    var owners: [String: String] = [:]
    for image in images {
      for target in [target(of: image), overlayFile(of: image)] {
        if let owner = owners[target], owner != image {
          throw Failure(
            .usage, code: "output.same_name",
            "\(owner) and \(image) would both be written to \(target)",
            hint: "write them into different folders")
        }
        owners[target] = image
        if let input = images.first(where: { isSameFile($0, target) }) {
          throw Failure(
            .usage, code: "output.is_input", "the result would replace the picture \(input)",
            hint: "choose another folder with -o", file: target)
        }
      }
      guard replacesExisting || access(target(of: image), F_OK) != 0 else {
        throw Failure(
          .cannotCreate, code: "output.exists", "exists already", hint: "use --force to replace it",
          file: target(of: image))
      }
    }
  }

  // MARK: - Names

  /// The folder or JSON file of a picture.
  private func target(of image: String) -> String {
    folder.file(mode == .binaryMask ? fileStem(image) : "\(fileStem(image)).json")
  }

  private func overlayFile(of image: String) -> String {
    folder.file("\(fileStem(image))_overlay.png")
  }

  // MARK: - Writing

  /// Writes all files of one picture.
  func write(
    _ masks: [AutomaticMask], of image: String, picture: RGBImage
  ) throws(Failure) -> AutoFiles {
    try folder.create()
    var files = AutoFiles()
    switch mode {
    case .binaryMask: try writeFolder(masks, target(of: image), &files)
    case .uncompressedRLE, .cocoRLE:
      let records = masks.map { $0.record(compressed: mode == .cocoRLE) }
      files.index = target(of: image)
      try PictureFile.write(
        Array((JSONValue.array(records).text() + "\n").utf8), to: files.index)
    }
    if drawsOverlay {
      files.overlay = overlayFile(of: image)
      try PNGWriter.write(overlay(masks, picture), to: overlayFile(of: image))
    }
    return files
  }

  /// Writes `0.png` and so on, and then the table, so that a table means that all is there.
  private func writeFolder(
    _ masks: [AutomaticMask], _ path: String, _ files: inout AutoFiles
  ) throws(Failure) {
    try Tool.createFolder(path)
    files.index = "\(path)/metadata.csv"
    unlink(files.index)
    for (id, mask) in masks.enumerated() {
      let file = "\(path)/\(id).png"
      try PNGWriter.write(mask.runs.mask, to: file)
      files.masks.append(file)
    }
    // An earlier run with --force may have found more.
    var leftover = masks.count
    while unlink("\(path)/\(leftover).png") == 0 { leftover += 1 }
    let lines =
      [AutomaticMask.tableHeader] + masks.enumerated().map { $1.tableRow(id: $0) }
    try PictureFile.write(
      Array((lines.joined(separator: "\n") + "\n").utf8), to: files.index)
  }

  /// All masks over the picture, the smallest on top.
  private func overlay(_ masks: [AutomaticMask], _ picture: RGBImage) -> RGBImage {
    var drawn = picture
    for (id, mask) in masks.enumerated().sorted(by: { $0.element.area > $1.element.area }) {
      // One at a time: all of them at full size may be more than fits in memory.
      drawn = Overlay.draw(drawn, masks: [(id + 1, mask.runs.mask)])
    }
    return drawn
  }
}
