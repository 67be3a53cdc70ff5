public import Annotations
public import Bytes
import Glibc
import JSON
import JobSupport
public import Media
import SAM2

/// The files written for one picture.
public struct AutoFiles {
  /// The file of each mask; empty if all are in one JSON file.
  public var masks: [String] = []
  /// The table or JSON file, or nil if neither was requested.
  public var index: String?
  public var overlay: String?
  /// Files in other formats.
  public var others: [String] = []
  /// The masks as they will appear in the files about all pictures.
  public var annotations: AnnotatedPicture?
}

/// The files requested for automatic masks.
public struct AutoOutputChoices {
  /// The official form, or nil if only formats are requested.
  public var mode: AutoOutputMode?
  public var kinds: [AnnotationKind]
  public var context: AnnotationContext
  /// Nil for no overlay.
  public var overlay: Overlay.Parts?
  /// Nil to match each picture's own format.
  public var overlayFormat: OverlayFormat?
  public var replacesExisting: Bool

  public init(
    mode: AutoOutputMode? = .binaryMask, kinds: [AnnotationKind] = [],
    context: AnnotationContext = AnnotationContext(), overlay: Overlay.Parts? = nil,
    replacesExisting: Bool = false
  ) {
    self.mode = mode
    self.kinds = kinds
    self.context = context
    self.overlay = overlay
    self.replacesExisting = replacesExisting
  }
}

/// Decides which files there will be before any work begins, and writes them.
public struct AutoOutputs {
  private let folder: OutputFolder
  private let choices: AutoOutputChoices
  public let annotations: AnnotationFolder

  /// Checks that all files can be created, and that none would replace another or an input.
  /// - Throws: `output.*`; `output.exists` unless existing files may be replaced.
  public init(
    images: [String], folder: String, choices: AutoOutputChoices
  ) throws(Failure) {
    self.folder = try OutputFolder(folder)
    self.choices = choices
    annotations = AnnotationFolder(path: folder, kinds: choices.kinds, context: choices.context)
    var owners: [String: String] = [:]
    for image in images {
      let overlays = choices.overlay == nil ? [] : [overlayFile(of: image)]
      for target in (choices.mode == nil ? [] : [target(of: image)]) + overlays {
        try OutputName.check(target)
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
      if choices.mode != nil { try checkAbsent(target(of: image)) }
      for overlay in overlays { try checkAbsent(overlay) }
    }
    try OutputName.checkListed(images, in: choices.kinds)
    // Files of the formats are named the same whether or not a picture has masks.
    let pictures = images.enumerated().map { index, image in
      AnnotatedPicture(
        name: fileName(image), stem: fileStem(image), index: index, width: 1, height: 1, masks: [])
    }
    for picture in pictures {
      for file in try annotations.files(of: picture) { try checkAbsent(file.name) }
    }
    for file in try annotations.files(ofAll: pictures) { try checkAbsent(file.name) }
  }

  private func checkAbsent(_ path: String) throws(Failure) {
    guard !choices.replacesExisting, access(path, F_OK) == 0 else { return }
    throw Failure(
      .outputExists, code: "output.exists", "exists already", hint: "use --force to replace it",
      file: path)
  }

  // MARK: - Names

  /// The folder or JSON file of a picture.
  private func target(of image: String) -> String {
    folder.file(choices.mode == .binaryMask ? fileStem(image) : "\(fileStem(image)).json")
  }

  private func overlayFile(of image: String) -> String {
    folder.file("\(fileStem(image))_overlay.\(overlayFormat(of: image).rawValue)")
  }

  private func overlayFormat(of image: String) -> OverlayFormat {
    choices.overlayFormat ?? OverlayFormat(picture: image)
  }

  // MARK: - Writing

  /// Writes all files for the picture that is number `index` of the run.
  func write(
    _ masks: [AutomaticMask], of image: String, picture: RGBImage, index: Int
  ) throws(Failure) -> AutoFiles {
    var files = AutoFiles()
    var made: [AnnotationFile] = []
    if !choices.kinds.isEmpty {
      let annotated = annotated(masks, of: image, picture: picture, index: index)
      made = try annotations.files(of: annotated)
      files.annotations = annotated
      files.others = made.map(\.name)
    }
    try folder.create()
    switch choices.mode {
    case .binaryMask: try writeFolder(masks, target(of: image), &files)
    case .uncompressedRLE, .cocoRLE:
      let records = masks.map { $0.record(compressed: choices.mode == .cocoRLE) }
      let text = JSONValue.array(records).text() + "\n"
      files.index = target(of: image)
      made.append(AnnotationFile(name: target(of: image), bytes: Array(text.utf8)))
    case nil: break
    }
    if let parts = choices.overlay {
      files.overlay = overlayFile(of: image)
      made.append(
        AnnotationFile(
          name: overlayFile(of: image),
          bytes: try overlayFormat(of: image).encode(overlay(masks, picture, parts))))
    }
    try AnnotationFolder.write(made, below: folder.path)
    return files
  }

  private func annotated(
    _ masks: [AutomaticMask], of image: String, picture: RGBImage, index: Int
  ) -> AnnotatedPicture {
    AnnotatedPicture(
      name: fileName(image), stem: fileStem(image), index: index, width: picture.width,
      height: picture.height, masks: masks.annotated)
  }

  /// Writes `0.png` and so on, then the table, so that a table means the folder is complete.
  private func writeFolder(
    _ masks: [AutomaticMask], _ path: String, _ files: inout AutoFiles
  ) throws(Failure) {
    let directory = try folder.create().folder(fileName(path), creating: true)
    let table = "metadata.csv"
    files.index = "\(path)/\(table)"
    directory.removeFile(table)
    for (id, mask) in masks.enumerated() {
      try directory.write("\(id).png", try PNGWriter.encode(mask.runs.mask))
      files.masks.append("\(path)/\(id).png")
    }
    // An earlier run may have found more masks (with --force).
    var leftover = masks.count
    while directory.removeFile("\(leftover).png") { leftover += 1 }
    try directory.write(table, Array(masks.table.utf8))
  }

  /// Draws all masks over the picture, the smallest on top.
  private func overlay(
    _ masks: [AutomaticMask], _ picture: RGBImage, _ parts: Overlay.Parts
  ) -> RGBImage {
    let fromBack = masks.enumerated().sorted { $0.element.area > $1.element.area }
    var drawn = picture
    // One at a time: all of them at full size may not fit in memory.
    let layers = parts.subtracting(.label)
    for (id, mask) in fromBack where !layers.isEmpty {
      drawn = Overlay.draw(drawn, masks: [(id + 1, mask.runs.mask)], parts: layers)
    }
    guard parts.contains(.label) else { return drawn }
    // Smallest first, as it has the fewest places for its number.
    let fromFront = fromBack.reversed().lazy.map { id, mask in
      (identifier: id + 1, mask: mask.runs.mask)
    }
    return Overlay.label(drawn, masks: fromFront)
  }
}
