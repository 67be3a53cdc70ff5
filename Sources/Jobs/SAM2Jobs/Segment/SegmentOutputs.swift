public import Annotations
public import Bytes
import JobSupport
public import Media
import SAM2
import Tensors

/// The files written for one picture.
public struct SegmentFiles {
  /// For each prompt, the file of each mask; empty if no format has such files.
  public var masks: [[String]] = []
  /// All files about this picture.
  public var all: [String] = []
  public var overlay: String?
  public var logits: String?
  /// The masks as they will appear in the files about all pictures.
  public var annotations: AnnotatedPicture?
}

/// The files requested for segmented pictures.
public struct SegmentOutputChoices {
  public var kinds: [AnnotationKind]
  public var context: AnnotationContext
  /// Nil for no overlay.
  public var overlay: Overlay.Parts?
  /// Nil to match each picture's own format.
  public var overlayFormat: OverlayFormat?
  public var logitsFile: String?

  public init(
    kinds: [AnnotationKind] = [.png], context: AnnotationContext = AnnotationContext(),
    overlay: Overlay.Parts? = nil, logitsFile: String? = nil
  ) {
    self.kinds = kinds
    self.context = context
    self.overlay = overlay
    self.logitsFile = logitsFile
  }
}

/// Decides which files there will be before any work begins, and writes them.
public struct SegmentOutputs {
  private let folder: OutputFolder
  /// Files from earlier runs about the same pictures.
  private var stale = StaleMasks()
  private let choices: SegmentOutputChoices
  /// All formats except plain PNGs, whose names distinguish candidates.
  public let annotations: AnnotationFolder
  /// Number of masks per prompt, or nil if pictures have prompts of their own.
  private let maskCounts: [Int]?

  /// Checks that all files can be created, and that none would replace another or an input.
  ///
  /// `prompts` holds the prompts for every picture, or nil if each picture has its own, with one
  /// mask each.
  /// - Throws: `output.*`; `output.same_name`, `output.is_input`, `logits.ragged`,
  ///   `labels.identifier`, `labels.masks`, `labels.duplicate`.
  public init(
    images: [String], prompts: [RequestedPrompt]?, choice: MaskSelection, folder: String,
    choices: SegmentOutputChoices
  ) throws(Failure) {
    self.folder = try OutputFolder(folder)
    self.choices = choices
    annotations = AnnotationFolder(
      path: folder, kinds: choices.kinds, except: [.png], context: choices.context)
    maskCounts = prompts?.map { $0.selection(default: choice).maskCount }
    try SegmentOutputs.check(
      choices.kinds, prompts ?? [RequestedPrompt(object: 1)], default: choice)
    if let logitsFile = choices.logitsFile {
      guard images.count == 1 else {
        throw Failure(
          .usage, code: "logits.pictures",
          "--save-logits needs exactly one picture, "
            + "not \(images.count)")
      }
      guard Set(maskCounts ?? [1]).count == 1 else {
        throw Failure(
          .usage, code: "logits.ragged",
          "some prompts ask for one mask and some for three; an array cannot hold both",
          hint: "give all prompts the same \"multimask\"")
      }
      try AtomicFile.checkCanCreate(path: logitsFile, replaceExisting: true)
    }
    try checkNames(images, kept: (prompts ?? []).compactMap(\.maskFile))
  }

  /// Checks that formats can hold the masks of the prompts; `choice` determines how many there are.
  /// - Throws: `labels.masks`, `labels.duplicate`, `labels.identifier`.
  public static func check(
    _ kinds: [AnnotationKind], _ prompts: [RequestedPrompt], default choice: MaskSelection
  ) throws(Failure) {
    if let kind = kinds.first(where: \.holdsOneMaskAnObject) {
      guard prompts.allSatisfy({ $0.selection(default: choice).maskCount == 1 }) else {
        throw Failure(
          .usage, code: "labels.masks", "--format \(kind.rawValue) holds one mask an object",
          hint: "leave out --multimask and \"multimask\", or write --format png")
      }
    }
    if kinds.contains(where: { $0 != .png }) {
      var seen: Set<Int> = []
      for prompt in prompts where !seen.insert(prompt.object).inserted {
        throw Failure(
          .usage, code: "labels.duplicate", "two prompts are about object \(prompt.object)",
          hint: "give each prompt an \"object\" of its own, or write --format png")
      }
    }
    guard kinds.contains(where: \.needsSmallNumbers) else { return }
    for prompt in prompts where !(1...255).contains(prompt.object) {
      throw Failure(
        .usage, code: "labels.identifier",
        "object number \(prompt.object) does not fit in a palette PNG (1 to 255)",
        hint: "number the objects from 1, or write --format coco")
    }
  }

  private mutating func checkNames(_ images: [String], kept: [String]) throws(Failure) {
    var owners: [String: String] = [:]
    for image in images {
      for file in names(of: image) {
        try OutputName.check(file)
        if let owner = owners[file], owner != image {
          throw Failure(
            .usage, code: "output.same_name",
            "\(owner) and \(image) would both be written to \(file)",
            hint: "segment them into different folders")
        }
        owners[file] = image
        if let input = images.first(where: { isSameFile($0, file) }) {
          throw Failure(
            .usage, code: "output.is_input", "the result would replace the picture \(input)",
            hint: "choose another folder with -o", file: file)
        }
      }
    }
    try OutputName.checkListed(images, in: choices.kinds)
    stale = StaleMasks(
      folder, stems: Set(images.map { fileStem($0) }), planned: Set(owners.keys),
      kept: images + kept)
  }

  // MARK: - Names

  private func path(_ kind: AnnotationKind, _ name: String) -> String {
    AnnotationFolder.path(name, in: folder.path, kind, of: choices.kinds.count)
  }

  /// Every file about this picture alone.
  private func names(of image: String) -> [String] {
    let stem = fileStem(image)
    var names: [String] = []
    // If the prompts are unknown, the first file represents all that follow.
    if choices.kinds.contains(.png) {
      names += plainFiles(of: image, maskCounts ?? [1]).flatMap(\.self)
    }
    if choices.kinds.contains(.davis) { names.append(path(.davis, "\(stem).png")) }
    if choices.kinds.contains(.yolo) { names.append(path(.yolo, "labels/\(stem).txt")) }
    if choices.overlay != nil { names.append(overlayFile(of: image)) }
    return names
  }

  /// For each prompt, the plain PNG of each of its masks.
  private func plainFiles(of image: String, _ counts: [Int]) -> [[String]] {
    let stem = fileStem(image)
    if maskCounts == [1] { return [[path(.png, "\(stem).png")]] }
    return counts.enumerated().map { prompt, count in
      (0..<count).map { path(.png, "\(stem)_\(prompt)_\($0).png") }
    }
  }

  private func overlayFile(of image: String) -> String {
    folder.file("\(fileStem(image))_overlay.\(overlayFormat(of: image).rawValue)")
  }

  private func overlayFormat(of image: String) -> OverlayFormat {
    choices.overlayFormat ?? OverlayFormat(picture: image)
  }

  // MARK: - Writing

  /// Writes all files for the picture that is number `index` of the run.
  ///
  /// They are all encoded before the first is written, so that a failure leaves no files.
  func write(
    _ answers: [SegmentAnswer], of image: String, picture: RGBImage, index: Int
  ) throws(Failure) -> SegmentFiles {
    try checkNumbers(answers)
    var files = SegmentFiles()
    var made: [AnnotationFile] = []
    if choices.kinds.contains(.png) {
      files.masks = plainFiles(of: image, answers.map(\.masks.count))
      for (answer, paths) in zip(answers, files.masks) {
        for (mask, path) in zip(answer.masks, paths) {
          made.append(AnnotationFile(name: path, bytes: try PNGWriter.encode(mask)))
        }
      }
    } else if choices.kinds.contains(.davis) {
      files.masks = answers.map { _ in [path(.davis, "\(fileStem(image)).png")] }
    }
    if choices.kinds != [.png] {
      let annotated = annotated(answers, of: image, picture: picture, index: index)
      files.annotations = annotated
      made += try annotations.files(of: annotated)
    }
    if let parts = choices.overlay {
      let path = overlayFile(of: image)
      files.overlay = path
      made.append(
        AnnotationFile(
          name: path,
          bytes: try overlayFormat(of: image).encode(overlay(answers, picture, parts))))
    }
    let logitsBytes = choices.logitsFile.map { _ in NPYWriter.bytes(logits(answers)) }
    try folder.create()
    try AnnotationFolder.write(made, below: folder.path)
    files.all = made.map(\.name)
    try stale.remove(
      of: fileStem(image), width: picture.width, height: picture.height, except: files.all)
    if let logitsFile = choices.logitsFile, let logitsBytes {
      try PictureFile.write(logitsBytes, to: logitsFile)
      files.logits = logitsFile
      files.all.append(logitsFile)
    }
    return files
  }

  /// The numbers of prompts that apply to every picture have already been checked.
  private func checkNumbers(_ answers: [SegmentAnswer]) throws(Failure) {
    guard maskCounts == nil else { return }
    try SegmentOutputs.check(choices.kinds, answers.map(\.prompt), default: .single)
  }

  private func annotated(
    _ answers: [SegmentAnswer], of image: String, picture: RGBImage, index: Int
  ) -> AnnotatedPicture {
    AnnotatedPicture(
      name: fileName(image), stem: fileStem(image), index: index, width: picture.width,
      height: picture.height, masks: answers.map(\.annotated))
  }

  /// The best mask of each prompt, drawn over the picture.
  private func overlay(
    _ answers: [SegmentAnswer], _ picture: RGBImage, _ parts: Overlay.Parts
  ) -> RGBImage {
    Overlay.draw(
      picture, masks: answers.map { ($0.prompt.object, $0.masks[$0.best]) },
      prompts: answers.flatMap { $0.prompt.marks }, parts: parts)
  }

  /// [prompts, masks, S/4, S/4].
  private func logits(_ answers: [SegmentAnswer]) -> Tensor {
    let planes = answers.flatMap(\.logits)
    let plane = planes.first?.shape.dimensions ?? [0, 0]
    return Tensor(
      planes.flatMap { $0.floats() },
      shape: Shape([answers.count, planes.count / max(answers.count, 1)] + plane))
  }
}
