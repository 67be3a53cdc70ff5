public import Bytes

/// Encodes an MP4 (H.264, yuv420p, playable while loading) through the ffmpeg program.
///
/// The file gets its name in `finish`; a writer released before that leaves no file.
public final class VideoWriter {
  private let path: String
  private let width: Int
  private let height: Int
  private let encoder: ChildProcess
  /// The file until it gets its name; the encoder writes to it without knowing a name.
  private var output: AtomicFileWriter?
  private let replacesExisting: Bool

  /// Starts the encoder for frames of one size.
  ///
  /// Failures: `ffmpeg.missing`, and `output.*` if `path` cannot be created.
  public init(
    path: String, width: Int, height: Int, frameRate: FrameRate = FrameRate(24),
    replaceExisting: Bool = false
  ) throws(Failure) {
    let output = try AtomicFile.begin(path: path, replaceExisting: replaceExisting)
    self.path = path
    (self.width, self.height) = (width, height)
    replacesExisting = replaceExisting
    encoder = try ChildProcess(
      "ffmpeg",
      [
        "-nostdin", "-y", "-v", "error", "-f", "rawvideo", "-pix_fmt", "rgb24",
        "-video_size", "\(width)x\(height)",
        "-framerate", "\(frameRate.numerator)/\(frameRate.denominator)", "-i", "pipe:0",
        // 4:2:0 needs even sides.
        "-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2", "-c:v", "libx264", "-preset",
        // All presets give this quality; slower ones take processors from producing the frames.
        "ultrafast", "-crf", "18", "-pix_fmt", "yuv420p", "-movflags", "+faststart", "-fflags",
        "+bitexact",
        "-flags:v", "+bitexact", "-f", "mp4", "file:\(ChildProcess.outputPath)",
      ], .writingToChild, output: output.descriptor)
    self.output = consume output
  }

  /// Appends a frame of the size given to `init`.
  ///
  /// Failure `video.encoder` if ffmpeg gave up.
  public func append(_ image: RGBImage) throws(Failure) {
    precondition(image.width == width && image.height == height)
    if !image.pixels.withUnsafeBytes({ encoder.write($0) }) {
      _ = encoder.finish()
      throw failure
    }
  }

  /// Completes the file.
  ///
  /// Failures: `video.encoder`, `output.exists`, `output.write`.
  public func finish() throws(Failure) {
    guard encoder.finish(), var file = output.take() else { throw failure }
    try file.publish(replaceExisting: replacesExisting)
  }

  private var failure: Failure {
    let complaint = encoder.complaint
    return Failure(
      .inputOutput, code: "video.encoder",
      "ffmpeg could not encode the video" + (complaint.isEmpty ? "" : ": \(complaint)"),
      file: path, cause: .codecEnded)
  }
}
