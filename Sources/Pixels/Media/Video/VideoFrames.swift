import Bytes

/// The frames of a video file, decoded by the ffmpeg program.
///
/// A separate process keeps the largest attack surface of all outside of ours. Its arguments are
/// a fixed list; the input is only ever a local file of a container named by us. Frames arrive as
/// binary PPM, which carries the size after rotation with each frame.
///
/// Frame `n` is the one that is shown as number `n`, whatever its time stamp: none is left out or
/// repeated to keep a rate. Pixels are those of the stored grid, turned as the file says; when the
/// size changes later frames are scaled to that of the first.
///
/// What the decoder complains of ends the video with a failure; where damage is tolerated only the
/// frames are missing that it gives up, and the others are as it repairs them.
final class VideoFrames {
  let width: Int
  let height: Int
  let frameCount: Int?
  let frameRate: FrameRate?
  /// The number of the frame that `next` returns.
  private(set) var position = 0

  private let path: String
  private let format: VideoFormat
  private let maximumPixels: Int
  private let program: String
  private let limits: ChildLimits
  private let patience: Int32
  private var decoder: ChildProcess
  /// The first frame is read on opening, because it tells the size.
  private var first: RGBImage?
  private var isAtEnd = false
  /// Which frames there are where damage is tolerated; nil when all have to be.
  private let decodable: DecodableFrames?
  /// Frames read since the start.
  private var readCount = 0

  init(
    path: String, maximumPixels: Int, toleratesDamage: Bool = false, program: String = "ffmpeg",
    prober: String = "ffprobe", limits: ChildLimits? = nil,
    patience: Int32 = ChildProcess.usualPatience
  ) throws(Failure) {
    let format = try VideoFormat(ofFile: path)
    let facts = try VideoFrames.probe(path, format: format, with: prober, patience)
    // So it is with sound alone, and with files that end before they have described their content.
    guard !facts.isEmpty else {
      throw Failure(
        .badInput, code: "video.no_frames", "the file has no video in it", file: path)
    }
    // A frame takes a byte at least; what claims more is not believed, and counted when needed.
    let byteCount = try WholeFile.byteCount(path)
    let limits = limits ?? .decoding(byteCount: byteCount)
    let claimed = facts["nb_frames"].flatMap { Int($0) }.flatMap { $0 <= byteCount ? $0 : nil }
    decodable =
      toleratesDamage
      ? try VideoFrames.survey(
        path, format: format, with: prober, limits, patience, claimed: claimed)
      : nil
    let decoder = try VideoFrames.start(
      program, path: path, format: format, maximumPixels: maximumPixels, limits, patience,
      toleratesDamage: toleratesDamage)
    let stream = PPMStream(child: decoder, maximumPixels: maximumPixels)
    guard let frame = try stream.next(of: path) else {
      throw PPMStream.damaged(decoder, finding: "has no frames that can be decoded", path: path)
    }
    (self.path, self.format, self.maximumPixels) = (path, format, maximumPixels)
    (self.program, self.patience, self.decoder, first) = (program, patience, decoder, frame)
    self.limits = limits
    (width, height) = (frame.width, frame.height)
    frameCount = decodable?.count ?? claimed
    position = decodable?.numbers.first ?? 0
    frameRate =
      facts["avg_frame_rate"].flatMap { FrameRate(parsing: $0) }
      ?? facts["r_frame_rate"].flatMap { FrameRate(parsing: $0) }
  }

  /// Whether frames may be missing.
  var toleratesDamage: Bool { decodable != nil }

  /// Whether frame `index` can be had, as far as is known.
  func mayHave(_ index: Int) -> Bool {
    guard let decodable else { return true }
    return decodable.contains(index) && !(isAtEnd && index >= position)
  }

  /// The next frame, or nil after the last.
  func next() throws(Failure) -> RGBImage? {
    if let frame = first {
      first = nil
      advance()
      return frame
    }
    if isAtEnd { return nil }
    let stream = PPMStream(child: decoder, maximumPixels: maximumPixels)
    guard let frame = try stream.next(of: path) else {
      guard decoder.finish() || toleratesDamage else {
        throw PPMStream.damaged(
          decoder, finding: "cannot be decoded after frame \(position - 1)", path: path)
      }
      isAtEnd = true
      return nil
    }
    guard frame.width == width, frame.height == height else {
      throw Failure(
        .badInput, code: "video.mixed_sizes", "the size changes at frame \(position)", file: path)
    }
    advance()
    return frame
  }

  private func advance() {
    readCount += 1
    guard let decodable else {
      position = readCount
      return
    }
    isAtEnd = readCount >= decodable.numbers.count
    position = isAtEnd ? decodable.count : decodable.numbers[readCount]
  }

  /// Starts again at the first frame.
  func rewind() throws(Failure) {
    decoder = try VideoFrames.start(
      program, path: path, format: format, maximumPixels: maximumPixels, limits, patience,
      toleratesDamage: toleratesDamage)
    first = nil
    readCount = 0
    position = decodable?.numbers.first ?? 0
    isAtEnd = false
  }

  // MARK: - Programs

  /// The options that both programs take before the input.
  static func input(_ path: String, _ format: VideoFormat) -> [String] {
    // The prefix makes a name with a leading dash, or with a colon, a plain file.
    ["-protocol_whitelist", "file,pipe", "-f", format.rawValue, "-i", "file:\(path)"]
  }

  private static func start(
    _ program: String, path: String, format: VideoFormat, maximumPixels: Int,
    _ limits: ChildLimits, _ patience: Int32, toleratesDamage: Bool
  ) throws(Failure) -> ChildProcess {
    try ChildProcess(
      program,
      // With one thread a damaged file gives the same frames each time, as in the survey.
      ["-nostdin", "-v", "error"] + (toleratesDamage ? ["-threads", "1"] : ["-xerror"])
        + ["-max_pixels", "\(min(maximumPixels, 1 << 30))"] + input(path, format)
        + [
          "-map", "0:v:0", "-fps_mode", "passthrough",
          // Without these flags the conversion from YUV rounds differently from CPU to CPU.
          "-sws_flags", "bicubic+accurate_rnd+full_chroma_int+bitexact",
          "-pix_fmt", "rgb24", "-c:v", "ppm", "-f", "image2pipe", "pipe:1",
        ], .readingFromChild, limits: limits, patience: patience)
  }

  private static func probe(
    _ path: String, format: VideoFormat, with program: String, _ patience: Int32
  ) throws(Failure) -> [String: String] {
    let child = try ChildProcess(
      program,
      ["-v", "error"] + input(path, format)
        + [
          "-select_streams", "v:0",
          "-show_entries", "stream=nb_frames,avg_frame_rate,r_frame_rate",
          "-of", "default=noprint_wrappers=1",
        ], .readingFromChild, limits: .looking, patience: patience)
    var output = [UInt8](repeating: 0, count: 4096)
    let count = output.withUnsafeMutableBytes { child.read(into: $0) }
    guard child.finish() else {
      throw PPMStream.damaged(child, finding: "cannot be opened", path: path)
    }
    var facts: [String: String] = [:]
    for line in String(decoding: output[..<count], as: UTF8.self).split(separator: "\n") {
      let parts = line.split(separator: "=", maxSplits: 1)
      if parts.count == 2 { facts[String(parts[0])] = String(parts[1]) }
    }
    return facts
  }
}
