public import Bytes
import Glibc

/// The frames of a video, one after the other: a folder of pictures, or a video file.
///
/// Frames are decoded when asked for; only one is in memory at a time. Copies of a source over a
/// video file share its decoder.
public struct FrameSource {
  private enum Frames {
    case folder(FolderFrames)
    case video(VideoFrames)
  }

  private var frames: Frames

  /// Opens a folder of JPEG or PNG frames, or a video file through the ffmpeg program.
  ///
  /// Failures: `file.missing`, `video.format`, `video.no_frames`, `video.damaged`,
  /// `ffmpeg.missing`, `image.too_large`, and those of `ImageReader.read` for the first frame.
  public init(
    path: String, maximumPixels: Int = ImageReader.defaultMaximumPixels
  ) throws(Failure) {
    var status = stat()
    let isFolder = stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    if isFolder {
      frames = .folder(try FolderFrames(folder: path, maximumPixels: maximumPixels))
    } else {
      frames = .video(try VideoFrames(path: path, maximumPixels: maximumPixels))
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

  /// How many frames there are; for a video file what its header claims, nil when it does not.
  public var frameCount: Int? {
    switch frames {
    case .folder(let frames): frames.paths.count
    case .video(let frames): frames.frameCount
    }
  }

  /// Frames a second; nil for a folder.
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

  /// The files of a folder's frames, in order; empty for a video file.
  public var framePaths: [String] {
    switch frames {
    case .folder(let frames): frames.paths
    case .video: []
    }
  }

  /// The next frame, or nil after the last.
  ///
  /// Failures: `video.damaged`, `video.mixed_sizes`, and those of `ImageReader.read`.
  public mutating func next() throws(Failure) -> RGBImage? {
    switch frames {
    case .folder(var folder):
      let image = try folder.next()
      frames = .folder(folder)
      return image
    case .video(let video):
      return try video.next()
    }
  }

  /// The frame at `index`, after which `next` returns the one behind it.
  ///
  /// A folder goes there at once. A video file is decoded up to there, from its start when `index`
  /// lies behind: cheap forwards, expensive backwards. Failures as in `next`; `video.frame` when
  /// there is no such frame.
  public mutating func frame(at index: Int) throws(Failure) -> RGBImage {
    switch frames {
    case .folder(var folder):
      if folder.paths.indices.contains(index) { folder.move(to: index) }
      frames = .folder(folder)
    case .video(let video):
      if index >= 0, index < video.position { try video.rewind() }
    }
    while index >= 0, position <= index, let image = try next() {
      if position == index + 1 { return image }
    }
    throw Failure(
      .usage, code: "video.frame",
      "there is no frame \(index)" + (frameCount.map { " among \($0)" } ?? ""))
  }
}
