public import Bytes
import Glibc

/// Encodes a video whose frames are timed by when they are appended: an MP4 file, or an MPEG-TS
/// stream into a named pipe that has a reader.
///
/// Time stamps are the times at which frames arrive, so frames may come at any rate.
public final class LiveVideoWriter {
  /// The destination of the video.
  public enum Target: Sendable {
    /// A file that gets its name in `finish`.
    case file(String)
    /// A named pipe.
    case pipe(String)

    /// A named pipe if there is one at `path`, otherwise a file.
    public init(_ path: String) {
      var status = stat()
      let isPipe = stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO
      self = isPipe ? .pipe(path) : .file(path)
    }

    public var path: String {
      switch self {
      case .file(let path), .pipe(let path): path
      }
    }
  }

  private let target: Target
  private let width: Int
  private let height: Int
  private let encoder: ChildProcess
  /// The file until it gets its name; nil for a pipe.
  private var output: AtomicFileWriter?

  /// Starts the encoder for frames of one size; an existing file is replaced.
  /// - Throws: `ffmpeg.missing`, `output.*`; `live.no_viewer` if nobody is reading the pipe.
  public init(_ target: Target, width: Int, height: Int) throws(Failure) {
    (self.target, self.width, self.height) = (target, width, height)
    switch target {
    case .file(let path):
      let output = try AtomicFile.begin(path: path, replaceExisting: true)
      encoder = try LiveVideoWriter.start(
        output.descriptor, width, height, ["-movflags", "+faststart", "-f", "mp4"])
      self.output = consume output
    case .pipe(let path):
      let descriptor = try LiveVideoWriter.openPipe(path)
      defer { close(descriptor) }
      encoder = try LiveVideoWriter.start(
        descriptor, width, height, ["-flush_packets", "1", "-f", "mpegts"])
    }
  }

  private static func start(
    _ output: Int32, _ width: Int, _ height: Int, _ format: [String]
  ) throws(Failure) -> ChildProcess {
    try ChildProcess(
      "ffmpeg",
      [
        "-nostdin", "-y", "-v", "error", "-use_wallclock_as_timestamps", "1", "-f", "rawvideo",
        "-pix_fmt", "rgb24", "-video_size", "\(width)x\(height)", "-i", "pipe:0",
        // 4:2:0 needs even sides.
        "-fps_mode", "vfr", "-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2", "-c:v", "libx264", "-preset",
        "ultrafast", "-tune", "zerolatency", "-g", "30", "-pix_fmt", "yuv420p",
      ] + format + ["file:\(ChildProcess.outputPath)"], .writingToChild, output: output)
  }

  private static func openPipe(_ path: String) throws(Failure) -> Int32 {
    // Non-blocking: a missing reader causes an error instead of a wait.
    let descriptor = open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      guard errno == ENXIO else {
        throw Failure(
          .cannotCreate, code: "output.create",
          "cannot be written: \(String(cString: strerror(errno)))", file: path)
      }
      throw Failure(
        .cannotCreate, code: "live.no_viewer", "nobody reads this pipe",
        hint: "start the program that shows the video first", file: path)
    }
    _ = fcntl(descriptor, F_SETFL, O_WRONLY)
    return descriptor
  }

  /// Appends a frame of the size given to `init`, to be shown now.
  /// - Throws: `video.encoder` if the encoder gave up or the pipe's reader went away.
  public func append(_ image: RGBImage) throws(Failure) {
    precondition(image.width == width && image.height == height)
    if !image.pixels.withUnsafeBytes({ encoder.write($0) }) {
      _ = encoder.finish()
      throw failure
    }
  }

  /// Completes the video.
  /// - Throws: `video.encoder`, `output.write`.
  public func finish() throws(Failure) {
    let isWell = encoder.finish()
    switch target {
    case .pipe: if !isWell { throw failure }
    case .file:
      guard isWell, var file = output.take() else { throw failure }
      try file.publish(replaceExisting: true)
    }
  }

  private var failure: Failure {
    let complaint = encoder.complaint
    return Failure(
      .inputOutput, code: "video.encoder",
      "ffmpeg could not encode the video" + (complaint.isEmpty ? "" : ": \(complaint)"),
      file: target.path, cause: .codecEnded)
  }
}
