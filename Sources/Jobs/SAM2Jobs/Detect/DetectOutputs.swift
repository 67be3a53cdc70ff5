public import Annotations
public import Bytes
import Detector
import JobSupport
import Media
import SAM2
import Tensors

/// The files requested for pictures in which objects were found.
public struct DetectOutputChoices {
  /// Folder for all files except logits, or nil if none are requested.
  public var folder: String?
  public var formats: [BoxFormat] = []
  public var context = AnnotationContext()
  /// Whether boxes are drawn on pictures.
  public var overlay = false
  /// Nil to match each picture's own format.
  public var overlayFormat: OverlayFormat?
  /// Folder for the single picture's `logits.npy`, `boxes.npy` and `objectness.npy`.
  public var logitsFolder: String?

  public init() {}
}

/// Decides which files there will be before any work begins, and writes them.
public struct DetectOutputs {
  private let choices: DetectOutputChoices
  private let folder: OutputFolder?

  /// Checks that all files can be created, and that none would replace another or an input.
  /// - Throws: `output.*`, `detect.folder`, `logits.pictures`.
  public init(images: [String], choices: DetectOutputChoices) throws(Failure) {
    self.choices = choices
    guard choices.folder != nil || choices.formats.isEmpty && !choices.overlay else {
      throw Failure(
        .usage, code: "detect.folder", "--format and --overlay need a folder",
        hint: "name the folder for results with -o DIR")
    }
    var opened: OutputFolder?
    if let path = choices.folder { opened = try OutputFolder(path) }
    folder = opened
    if choices.logitsFolder != nil, images.count != 1 {
      throw Failure(
        .usage, code: "logits.pictures",
        "--save-logits needs exactly one picture, not \(images.count)")
    }
    try checkNames(images)
  }

  private func checkNames(_ images: [String]) throws(Failure) {
    var owners: [String: String] = [:]
    for image in images {
      let empty = BoxedPicture(name: fileName(image), width: 1, height: 1, boxes: [])
      for file in labelFiles(of: empty).map(\.name) + (choices.overlay ? [overlayFile(image)] : [])
      {
        try OutputName.check(file)
        if let owner = owners.updateValue(image, forKey: file), owner != image {
          throw Failure(
            .usage, code: "output.same_name",
            "\(owner) and \(image) would both be written to \(file)",
            hint: "write them into different folders")
        }
        if let input = images.first(where: { isSameFile($0, file) }) {
          throw Failure(
            .usage, code: "output.is_input", "the result would replace the picture \(input)",
            hint: "choose another folder with -o", file: file)
        }
      }
    }
    try OutputName.checkListed(images, in: choices.formats.map(\.kind))
  }

  // MARK: - Names

  private func place(_ file: AnnotationFile, _ format: BoxFormat) -> AnnotationFile {
    let path = AnnotationFolder.path(
      file.name, in: folder?.path ?? ".", format.kind, of: choices.formats.count)
    return AnnotationFile(name: path, bytes: file.bytes)
  }

  private func labelFiles(of picture: BoxedPicture) -> [AnnotationFile] {
    choices.formats.flatMap { format in format.files(of: picture).map { place($0, format) } }
  }

  private func overlayFormat(_ image: String) -> OverlayFormat {
    choices.overlayFormat ?? OverlayFormat(picture: image)
  }

  private func overlayFile(_ image: String) -> String {
    let name = "\(fileStem(image))_overlay.\(overlayFormat(image).rawValue)"
    return folder?.file(name) ?? name
  }

  // MARK: - Writing

  /// Writes the files about one picture and returns their paths.
  func write(
    _ boxed: BoxedPicture, of image: String, picture: RGBImage
  ) throws(Failure) -> [String] {
    guard let folder else { return [] }
    var made = labelFiles(of: boxed)
    if choices.overlay {
      let boxes = boxed.boxes.map { box in
        (
          identifier: box.category + 1,
          box: Overlay.Prompt.box(left: box.x0, top: box.y0, right: box.x1, bottom: box.y1)
        )
      }
      let bytes = try overlayFormat(image).encode(Overlay.draw(picture, boxes: boxes))
      made.append(AnnotationFile(name: overlayFile(image), bytes: bytes))
    }
    guard !made.isEmpty else { return [] }
    try folder.create()
    try AnnotationFolder.write(made, below: folder.path)
    return made.map(\.name)
  }

  /// Writes the files about all pictures, even if nothing was found; returns their paths.
  public func finish(_ pictures: [BoxedPicture]) throws(Failure) -> [String] {
    guard let folder, !choices.formats.isEmpty else { return [] }
    let files = choices.formats.flatMap { format in
      format.files(ofAll: pictures, choices.context).map { place($0, format) }
    }
    try folder.create()
    try AnnotationFolder.write(files, below: folder.path)
    return files.map(\.name)
  }

  /// Writes the detector's results for every patch, before thresholding.
  func writeLogits(_ logits: Tensor, _ boxes: PictureBoxes) throws(Failure) -> [String] {
    guard let path = choices.logitsFolder else { return [] }
    let folder = try OutputFolder(path)
    try folder.create()
    var arrays = [("logits.npy", logits), ("boxes.npy", boxes.boxes)]
    if let objectness = boxes.objectness { arrays.append(("objectness.npy", objectness)) }
    let files = arrays.map { AnnotationFile(name: folder.file($0), bytes: NPYWriter.bytes($1)) }
    try AnnotationFolder.write(files, below: folder.path)
    return files.map(\.name)
  }
}
