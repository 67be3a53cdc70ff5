public import Bytes
import JobSupport
import Media
public import SAM2

/// The other end of the pipe used by Kdenlive's object mask.
///
/// Kdenlive writes requests, one per line: `preview=OPTIONS` for the mask on one frame,
/// `edit=OPTIONS` for other colours, `render=FOLDER` for the mask on all frames, which is the last
/// request, and `q`. Answers are written to standard output; rendering progress, as `NN%|`, to
/// standard error.
public final class KdenlivePipe {
  /// The destinations of output.
  public struct Channels {
    /// Writes a line for Kdenlive.
    public var answer: (String) -> Void
    /// Writes a line of progress.
    public var progress: (String) -> Void

    public init(
      answer: @escaping (String) -> Void, progress: @escaping (String) -> Void
    ) {
      (self.answer, self.progress) = (answer, progress)
    }
  }

  /// Kdenlive supports a single object.
  private static let object = 1

  private let model: SegmentationModel
  private var options: KdenliveOptions
  private let channels: Channels
  private let predictor: ImagePredictor
  /// The frame that the predictor has encoded.
  private var encodedFrame: Int?
  private let frames: [String]

  /// - Throws: `model.image_only`; `kdenlive.frames` if the folder has none.
  public init(
    _ model: SegmentationModel, _ options: KdenliveOptions, _ channels: Channels
  ) throws(Failure) {
    try model.require(.tracking)
    (self.model, self.options, self.channels) = (model, options, channels)
    predictor = ImagePredictor(model)
    frames = try KdenlivePipe.frames(in: options.frames)
  }

  /// The frames N.jpg in order of N, which need not be consecutive: Kdenlive counts them from 0.
  private static func frames(in folder: String) throws(Failure) -> [String] {
    let paths = try PictureFolder.listing(folder, extensions: [".jpg"]).pictures
    let numbered = paths.compactMap { path in Int(fileStem(path)).map { ($0, path) } }
    guard !numbered.isEmpty else {
      throw Failure(
        .missingInput, code: "kdenlive.frames", "the folder has no frames N.jpg", file: folder)
    }
    return numbered.sorted { $0.0 < $1.0 }.map(\.1)
  }

  /// Answers one request.
  /// - Returns: whether more requests may follow.
  /// - Throws: `kdenlive.*`; any error from reading, the model or writing.
  public func answer(_ line: String) throws -> Bool {
    let line = line.last?.isWhitespace ?? false ? String(line.dropLast()) : line
    if let text = KdenlivePipe.value(of: "preview=", line) {
      try take(text)
      try preview()
    } else if let text = KdenlivePipe.value(of: "edit=", line) {
      try take(text)
    } else if let folder = KdenlivePipe.value(of: "render=", line) {
      try render(to: folder)
      return false
    } else if line == "q" {
      channels.answer("CLOSING...")
      return false
    } else if !line.isEmpty {
      throw Failure(
        .usage, code: "kdenlive.request",
        "\(printable(line, limit: 60)) is not a request of Kdenlive's object mask",
        hint: "there are preview=, edit=, render= and q")
    }
    return true
  }

  private static func value(of verb: String, _ line: String) -> String? {
    line.hasPrefix(verb) ? String(line.dropFirst(verb.count)) : nil
  }

  /// Applies the changes in a request; prompts on other frames stay.
  private func take(_ text: String) throws(Failure) {
    let new = try KdenliveOptions(text.split(separator: " ").map(String.init))
    options.points.merge(new.points) { $1 }
    options.boxes.merge(new.boxes) { $1 }
    if new.previewFrame >= 0 { options.previewFrame = new.previewFrame }
    (options.colour, options.borderColour, options.border) =
      (new.colour, new.borderColour, new.border)
  }

  // MARK: - Preview

  private func preview() throws(Failure) {
    let frame = options.previewFrame
    guard frames.indices.contains(frame) else {
      throw Failure(
        .usage, code: "kdenlive.frame",
        "there is no frame \(frame) among \(frames.count)", file: options.frames)
    }
    if encodedFrame != frame {
      encodedFrame = nil
      try predictor.setImage(ImageReader.read(frames[frame], applyingOrientation: false))
      encodedFrame = frame
    }
    let prediction = try predictor.predict(
      Prompt(points: options.points[frame] ?? [], box: options.boxes[frame]), multimask: false)
    try PictureFile.write(
      MaskPainter(options).png(prediction.mask(0)),
      to: "\(options.output)/preview-\(fiveDigits(frame)).png")
    channels.answer("preview ok \(frame)")
  }

  // MARK: - Rendering

  private func render(to folder: String) throws {
    let prompted = Set(options.points.keys).union(options.boxes.keys).sorted()
    guard let first = prompted.first else {
      throw Failure(
        .usage, code: "kdenlive.prompts", "nothing is marked", hint: "add a point or a box")
    }
    predictor.reset()
    channels.answer("INFO:Propagating in video")
    let video = try VideoPredictor(model, frames: JPEGFrames(frames))
    for frame in prompted {
      try video.addPoints(
        frame: frame, object: KdenlivePipe.object, points: options.points[frame] ?? [],
        box: options.boxes[frame])
    }
    let painter = MaskPainter(options)
    var done = 0
    // Kdenlive expects a mask for every frame, including those before the first marked one.
    for isReverse in first > 0 ? [false, true] : [false] {
      var propagation = try video.propagation(
        start: first, reverse: isReverse, keepsHistory: first > 0 && !isReverse)
      while let result = try propagation.next() {
        if isReverse, result.frame == first { continue }
        guard let mask = result.masks().first?.mask else { continue }
        try PictureFile.write(
          painter.png(mask), to: "\(folder)/\(fiveDigits(result.frame)).png")
        done += 1
        channels.progress("Export \(100 * done / frames.count)%|")
      }
    }
    channels.answer("mask ok")
  }
}

/// The frames that Kdenlive has extracted, read as they are stored.
private struct JPEGFrames: IndexedFrames {
  private let paths: [String]
  let width: Int
  let height: Int

  init(_ paths: [String]) throws(Failure) {
    self.paths = paths
    (width, height) = try ImageReader.size(ofFile: paths[0])
  }

  var frameCount: Int? { paths.count }

  func frame(at index: Int) throws(Failure) -> RGBImage {
    guard paths.indices.contains(index) else {
      throw Failure(
        .usage, code: "video.frame", "there is no frame \(index) among \(paths.count)",
        cause: .endOfFrames)
    }
    return try ImageReader.read(paths[index], applyingOrientation: false)
  }
}
