public import Bytes
import Glibc

/// Encodes an MP4 (H.264, yuv420p, playable while it loads) through the ffmpeg program.
///
/// The file takes its name in `finish`; a writer that goes without leaves nothing behind.
public final class VideoWriter {
  private let path: String
  private let temporary: String
  private let width: Int
  private let height: Int
  private let encoder: ChildProcess
  private var isFinished = false
  /// Removes the temporary when a signal ends the process.
  private let ticket: Unfinished.Ticket

  /// Starts the encoder for frames of one size.
  ///
  /// Failures: `ffmpeg.missing`, and `output.*` when `path` cannot be created.
  public init(
    path: String, width: Int, height: Int, frameRate: FrameRate = FrameRate(24),
    replaceExisting: Bool = false
  ) throws(Failure) {
    try AtomicFile.checkCanCreate(path: path, replaceExisting: replaceExisting)
    self.path = path
    (self.width, self.height) = (width, height)
    temporary = "\(path).tmp-\(getpid())"
    ticket = Unfinished.file(temporary)
    encoder = try ChildProcess(
      "ffmpeg",
      [
        "-nostdin", "-y", "-v", "error", "-f", "rawvideo", "-pix_fmt", "rgb24",
        "-video_size", "\(width)x\(height)",
        "-framerate", "\(frameRate.numerator)/\(frameRate.denominator)", "-i", "pipe:0",
        // 4:2:0 needs even sides.
        "-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2", "-c:v", "libx264", "-preset", "medium",
        "-crf", "18", "-pix_fmt", "yuv420p", "-movflags", "+faststart", "-fflags", "+bitexact",
        "-flags:v", "+bitexact", "-f", "mp4", "file:\(temporary)",
      ], .writingToChild)
  }

  deinit {
    if !isFinished { unlink(temporary) }
    ticket.done()
  }

  /// Appends a frame of the size given to `init`.
  ///
  /// Failure `video.encoder` when ffmpeg gave up.
  public func append(_ image: RGBImage) throws(Failure) {
    precondition(image.width == width && image.height == height && !isFinished)
    if !image.pixels.withUnsafeBytes({ encoder.write($0) }) {
      _ = encoder.finish()
      throw failure
    }
  }

  /// Completes the file.
  ///
  /// Failures: `video.encoder`, `output.write`.
  public func finish() throws(Failure) {
    guard encoder.finish() else { throw failure }
    guard rename(temporary, path) == 0 else {
      throw Failure(
        .inputOutput, code: "output.write",
        "writing failed: \(String(cString: strerror(errno)))", file: path)
    }
    isFinished = true
  }

  private var failure: Failure {
    let complaint = encoder.complaint
    return Failure(
      .inputOutput, code: "video.encoder",
      "ffmpeg could not encode the video" + (complaint.isEmpty ? "" : ": \(complaint)"),
      file: path)
  }
}
