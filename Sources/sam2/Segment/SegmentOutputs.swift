import Bytes
import CLISupport
import Media
import SAM2
import Tensors

/// The files written for one picture.
struct SegmentFiles {
  /// For each prompt the file of each mask.
  var masks: [[String]] = []
  var overlay: String?
  var logits: String?
}

/// Decides before any work which files there will be, and writes them.
struct SegmentOutputs {
  private let folder: OutputFolder
  private let format: SegmentFormat
  private let drawsOverlay: Bool
  private let logitsFile: String?
  /// Masks of each prompt.
  private let maskCounts: [Int]

  /// Checks that all files can be created, and that none replaces another or an input.
  /// - Throws: `output.*`; `output.same_name`, `output.is_input`, `logits.ragged`,
  ///   `labels.identifier`.
  init(
    images: [String], prompts: [RequestedPrompt], choice: MaskSelection, folder: String,
    format: SegmentFormat, drawsOverlay: Bool, logitsFile: String?
  ) throws(Failure) {
    self.folder = try OutputFolder(folder)
    self.format = format
    self.drawsOverlay = drawsOverlay
    self.logitsFile = logitsFile
    maskCounts = prompts.map { $0.selection(default: choice).maskCount }
    if format == .davis { try SegmentOutputs.checkLabels(prompts, maskCounts) }
    if let logitsFile {
      guard Set(maskCounts).count == 1 else {
        throw Failure(
          .usage, code: "logits.ragged",
          "some prompts ask for one mask and some for three; an array cannot hold both",
          hint: "give all prompts the same \"multimask\"")
      }
      try AtomicFile.checkCanCreate(path: logitsFile, replaceExisting: true)
    }
    try checkNames(images)
  }

  private static func checkLabels(
    _ prompts: [RequestedPrompt], _ maskCounts: [Int]
  ) throws(Failure) {
    guard maskCounts.allSatisfy({ $0 == 1 }) else {
      throw Failure(
        .usage, code: "labels.masks", "a palette PNG holds one mask an object",
        hint: "leave out \"multimask\", or write --format png")
    }
    for prompt in prompts where !(1...255).contains(prompt.object) {
      throw Failure(
        .usage, code: "labels.identifier",
        "object number \(prompt.object) does not fit in a palette PNG (1 to 255)")
    }
  }

  private func checkNames(_ images: [String]) throws(Failure) {
    var owners: [String: String] = [:]
    for image in images {
      for file in maskFiles(of: image).flatMap(\.self) + [overlayFile(of: image)] {
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
  }

  // MARK: - Names

  /// For each prompt the file of each of its masks.
  private func maskFiles(of image: String) -> [[String]] {
    let stem = fileStem(image)
    if format == .davis || maskCounts == [1] {
      return maskCounts.map { _ in [folder.file("\(stem).png")] }
    }
    return maskCounts.enumerated().map { prompt, count in
      (0..<count).map { folder.file("\(stem)_\(prompt)_\($0).png") }
    }
  }

  private func overlayFile(of image: String) -> String {
    folder.file("\(fileStem(image))_overlay.png")
  }

  // MARK: - Writing

  /// Writes all files of one picture.
  func write(
    _ answers: [SegmentAnswer], of image: String, picture: RGBImage
  ) throws(Failure) -> SegmentFiles {
    try folder.create()
    var files = SegmentFiles(masks: maskFiles(of: image))
    if format == .davis {
      let labels = try LabelMap(
        width: picture.width, height: picture.height,
        masks: answers.map { ($0.prompt.object, $0.masks[0]) })
      try PNGWriter.write(labels, to: folder.file("\(fileStem(image)).png"))
    } else {
      for (answer, paths) in zip(answers, files.masks) {
        for (mask, path) in zip(answer.masks, paths) { try PNGWriter.write(mask, to: path) }
      }
    }
    if drawsOverlay {
      files.overlay = overlayFile(of: image)
      try PNGWriter.write(overlay(answers, picture), to: overlayFile(of: image))
    }
    if let logitsFile {
      files.logits = logitsFile
      try PictureFile.write(NPYWriter.bytes(logits(answers)), to: logitsFile)
    }
    return files
  }

  /// The best mask of each prompt over the picture.
  private func overlay(_ answers: [SegmentAnswer], _ picture: RGBImage) -> RGBImage {
    Overlay.draw(
      picture, masks: answers.map { ($0.prompt.object, $0.masks[$0.best]) },
      prompts: answers.flatMap { $0.prompt.marks })
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

extension SegmentAnswer {
  /// Position in `masks` of the mask with the highest predicted IoU.
  fileprivate var best: Int {
    predictedIoUs.indices.reduce(0) { predictedIoUs[$1] > predictedIoUs[$0] ? $1 : $0 }
  }
}

extension RequestedPrompt {
  /// The prompt as an overlay shows it.
  fileprivate var marks: [Overlay.Prompt] { Overlay.Prompt.marks(points: points, box: box) }
}

extension Overlay.Prompt {
  /// A box and clicks as an overlay shows them.
  static func marks(points: [Prompt.Point], box: Prompt.Box?) -> [Overlay.Prompt] {
    var marks: [Overlay.Prompt] = []
    if let box {
      marks.append(
        .box(
          left: Double(box.x0), top: Double(box.y0), right: Double(box.x1), bottom: Double(box.y1)))
    }
    for point in points {
      marks.append(.point(x: Double(point.x), y: Double(point.y), isPositive: point.label == 1))
    }
    return marks
  }
}
