public import Bytes
import Glibc

/// The frames of a video, one after another, from a folder of pictures or a video file.
///
/// Frames are decoded on demand; only one is in memory at a time. Copies of a source for a video
/// file share its decoder.
public struct FrameSource {
  private enum Frames {
    case folder(FolderFrames)
    case video(VideoFrames)
  }

  private var frames: Frames
  private let collector = NoticeCollector()

  /// Notices so far about omissions, choices and an early end of the video; shared by copies.
  public var notices: [Notice] { collector.all }

  /// Opens a folder of JPEG, PNG or WebP frames, or a video file through the ffmpeg program.
  ///
  /// By default, damage is a failure: a damaged frame fails when it is read, a file that is cut off
  /// fails on opening. With `toleratesDamage`, a frame that cannot be decoded fails only in
  /// `frame(at:)`, and `next` skips it; a video file is decoded once on opening to find those
  /// frames. Faults that players ignore are tolerated, and `notices` report them.
  ///
  /// Failures: `file.missing`, `video.format`, `video.no_frames`, `video.damaged`,
  /// `ffmpeg.missing`, `image.too_large`, and those of `ImageReader.read` for the first frame.
  public init(
    path: String, options: PictureOptions = PictureOptions(), toleratesDamage: Bool = false
  ) throws(Failure) {
    var status = stat()
    let isFolder = stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    if isFolder {
      frames = .folder(
        try FolderFrames(
          folder: path, options: options, toleratesDamage: toleratesDamage, collector: collector))
    } else {
      frames = .video(
        try VideoFrames(
          path: path, options: options, toleratesDamage: toleratesDamage, collector: collector))
    }
  }

  public var width: Int {
    switch frames {
    case .folder(let frames): frames.width
    case .video(let frames): frames.width
    }
  }

  public var height: Int {
    switch frames {
    case .folder(let frames): frames.height
    case .video(let frames): frames.height
    }
  }

  /// The number of frames; for a video file, as listed by its container, or nil if it lists none.
  public var frameCount: Int? {
    switch frames {
    case .folder(let frames): frames.paths.count
    case .video(let frames): frames.frameCount
    }
  }

  /// Frames per second; nil for a folder.
  public var frameRate: FrameRate? {
    switch frames {
    case .folder: nil
    case .video(let frames): frames.frameRate
    }
  }

  /// The index of the frame that `next` returns.
  public var position: Int {
    switch frames {
    case .folder(let frames): frames.position
    case .video(let frames): frames.position
    }
  }

  /// The paths of a folder's frames, in order; empty for a video file.
  public var framePaths: [String] {
    switch frames {
    case .folder(let frames): frames.paths
    case .video: []
    }
  }

  /// The next frame, or nil after the last.
  ///
  /// Failures: `video.damaged`, `video.mixed_sizes`, and those of `ImageReader.read`.
  public mutating func next() throws(Failure) -> RGBImage? { try nextWithIndex()?.picture }

  /// The next frame and its index, or nil after the last; indices have gaps only if damage is
  /// tolerated.
  ///
  /// Failures as in `next`.
  public mutating func nextWithIndex() throws(Failure) -> (index: Int, picture: RGBImage)? {
    switch frames {
    case .folder(var folder):
      defer { frames = .folder(folder) }
      return try folder.next().map { (folder.position - 1, $0) }
    case .video(let video):
      let index = video.position
      return try video.next().map { (index, $0) }
    }
  }

  /// The frame at `index`, after which `next` returns the following one.
  ///
  /// In a folder this is immediate. A video file is decoded up to that frame, from its start if
  /// `index` is before the current position: cheap forwards, expensive backwards. Failures as in
  /// `next`; `video.frame` if there is no such frame; if damage is tolerated, `video.damaged` for
  /// one that cannot be decoded.
  public mutating func frame(at index: Int) throws(Failure) -> RGBImage {
    guard index >= 0 else { throw noFrame(index) }
    switch frames {
    case .folder(var folder):
      folder.move(to: index)
      defer { frames = .folder(folder) }
      if let image = try folder.read() { return image }
    case .video(let video):
      if index < video.position { try video.rewind() }
      while video.mayHave(index), video.position <= index {
        let number = video.position
        guard let image = try video.next() else { break }
        if number == index { return image }
      }
      guard video.toleratesDamage, index < video.frameCount ?? 0 else { break }
      throw Failure(.badInput, code: "video.damaged", "frame \(index) cannot be decoded")
    }
    throw noFrame(index)
  }

  private func noFrame(_ index: Int) -> Failure {
    Failure(
      .usage, code: "video.frame",
      "there is no frame \(index)" + (frameCount.map { " among \($0)" } ?? ""),
      cause: .endOfFrames)
  }
}
