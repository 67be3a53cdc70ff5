import Bytes

/// The frames of a video file, decoded by the ffmpeg program.
///
/// A separate process keeps the largest attack surface of all outside this one. Its arguments are a
/// fixed list; the input is always a local file in a named container. Frames arrive as binary PPM,
/// which carries the size after rotation with each frame.
///
/// Frame `n` is the one shown as number `n`, regardless of its time stamp: frames are not left out
/// or repeated to keep a rate. Pixels are those of the stored grid, rotated as declared in the
/// file; if the size changes, later frames are scaled to that of the first.
///
/// A complaint from the decoder alone is not a failure, since players survive most of them: it
/// leads to a survey of which frames can be decoded. A frame that cannot be decoded then ends the
/// video with a failure; if damage is tolerated, that frame is missing, and the others are as
/// repaired by the decoder. A file that is cut off fails on opening or, if damage is tolerated,
/// ends where its data does.
final class VideoFrames {
  let width: Int
  let height: Int
  let frameRate: FrameRate?
  /// Nil if the container lists no frames.
  private(set) var frameCount: Int?
  /// The number of the frame that `next` returns.
  private(set) var position = 0
  /// Whether frames may be missing.
  let toleratesDamage: Bool

  private let path: String
  private let format: VideoFormat
  private let found: VideoSurvey
  private let options: PictureOptions
  private let programs: Programs
  private let limits: ChildLimits
  private let collector: NoticeCollector
  private var decoder: ChildProcess
  /// The first frame, read on opening to get the size.
  private var first: RGBImage?
  private var isAtEnd = false
  /// The frames that can be decoded; nil while nothing suggests that some cannot.
  private var decodable: DecodableFrames?
  /// Number of frames read since the start.
  private var readCount = 0

  /// The programs that do the work, and the time after which they count as stalled.
  struct Programs {
    var decoder = "ffmpeg"
    var prober = "ffprobe"
    var patience = ChildProcess.usualPatience
  }

  init(
    path: String, options: PictureOptions = PictureOptions(), toleratesDamage: Bool = false,
    programs: Programs = Programs(), limits: ChildLimits? = nil,
    collector: NoticeCollector = NoticeCollector()
  ) throws(Failure) {
    let format = try VideoFormat(ofFile: path)
    let byteCount = try WholeFile.byteCount(path)
    let limits = limits ?? .decoding(byteCount: byteCount, maximumPixels: options.maximumPixels)
    let found = try VideoSurvey(
      path, byteCount: byteCount, format: format, with: programs.prober, limits,
      programs.patience)
    guard !found.isCutOff || toleratesDamage else { throw VideoFrames.cutOff(found, path) }
    var survey: DecodingSurvey?
    if toleratesDamage || !found.complaint.isEmpty {
      survey = try VideoFrames.decodingSurvey(
        path, found, format: format, options, programs, limits,
        lostCount: found.isCutOff ? found.lostCount(byteCount: byteCount) : 0)
    }
    let decoder = try VideoFrames.start(
      programs, path: path, format: format, found.stream.index, options, limits,
      toleratesDamage: toleratesDamage)
    let stream = PPMStream(child: decoder, maximumPixels: options.maximumPixels)
    guard let frame = try stream.next(of: path) else {
      throw PPMStream.damaged(decoder, finding: "has no frames that can be decoded", path: path)
    }
    (self.path, self.format, self.found, self.options) = (path, format, found, options)
    (self.programs, self.limits, self.decoder, first) = (programs, limits, decoder, frame)
    (self.toleratesDamage, self.collector) = (toleratesDamage, collector)
    (width, height) = (frame.width, frame.height)
    frameRate = found.stream.frameRate
    decodable = survey?.frames
    frameCount = survey?.frames.count ?? (found.shownCount > 0 ? found.shownCount : nil)
    position = toleratesDamage ? survey?.frames.numbers.first ?? 0 : 0
    collector.add(VideoNotices.opening(found, survey, path: path))
  }

  /// Whether frame `index` can be decoded, as far as is known.
  func mayHave(_ index: Int) -> Bool {
    guard toleratesDamage, let decodable else { return true }
    return decodable.contains(index) && !(isAtEnd && index >= position)
  }

  /// The next frame, or nil after the last.
  func next() throws(Failure) -> RGBImage? {
    if let frame = first {
      try checkDecodable()
      first = nil
      advance()
      return frame
    }
    if isAtEnd { return nil }
    let stream = PPMStream(child: decoder, maximumPixels: options.maximumPixels)
    guard let frame = try stream.next(of: path) else {
      try finish()
      return nil
    }
    guard frame.width == width, frame.height == height else {
      throw Failure(
        .badInput, code: "video.mixed_sizes", "the size changes at frame \(position)", file: path)
    }
    try checkDecodable()
    advance()
    return frame
  }

  private func advance() {
    readCount += 1
    guard toleratesDamage, let decodable else {
      position = readCount
      return
    }
    isAtEnd = readCount >= decodable.numbers.count
    position = isAtEnd ? decodable.count : decodable.numbers[readCount]
  }

  /// Starts again from the first frame.
  func rewind() throws(Failure) {
    decoder = try VideoFrames.start(
      programs, path: path, format: format, found.stream.index, options, limits,
      toleratesDamage: toleratesDamage)
    first = nil
    readCount = 0
    position = toleratesDamage ? decodable?.numbers.first ?? 0 : 0
    isAtEnd = false
  }

  // MARK: - Damage

  /// Succeeds if the frame just read is the one shown as number `position`.
  ///
  /// A complaint not yet investigated leads to a survey first: the decoder complains about a lost
  /// frame before it returns the next one.
  private func checkDecodable() throws(Failure) {
    guard !toleratesDamage else { return }
    try lookIntoComplaint()
    guard let decodable else { return }
    let lostCount = decodable.count - decodable.numbers.count
    guard lostCount == 0 || decodable.areNumbersExact else {
      throw lost("\(lostCount) of \(decodable.count) frames cannot be decoded")
    }
    guard readCount < decodable.numbers.count, decodable.numbers[readCount] == readCount else {
      throw lost("frame \(readCount) cannot be decoded")
    }
  }

  private func lookIntoComplaint() throws(Failure) {
    decoder.lookForErrors()
    guard decodable == nil, !decoder.complaint.isEmpty else { return }
    let survey = try VideoFrames.decodingSurvey(
      path, found, format: format, options, programs, limits, lostCount: 0)
    decodable = survey.frames
    frameCount = survey.frames.count
    collector.add(VideoNotices.complaint(survey, path: path))
  }

  /// Accepts the end of the decoder's output as the end of the video, if it is the real end.
  private func finish() throws(Failure) {
    let isWell = decoder.finish()
    isAtEnd = true
    guard !toleratesDamage else { return }
    guard isWell else {
      throw PPMStream.damaged(
        decoder, finding: "cannot be decoded after frame \(position - 1)", path: path)
    }
    try lookIntoComplaint()
    if let decodable, readCount < decodable.count {
      throw lost("frame \(readCount) cannot be decoded")
    }
  }

  private func lost(_ what: String) -> Failure {
    let complaint = decoder.complaint.isEmpty ? "" : ": \(decoder.complaint)"
    return Failure(
      .badInput, code: "video.damaged", what + complaint,
      hint: "--on-error skip leaves such frames out", file: path)
  }

  private static func cutOff(_ found: VideoSurvey, _ path: String) -> Failure {
    let complaint = found.complaint.isEmpty ? "" : ": \(found.complaint)"
    return Failure(
      .badInput, code: "video.damaged", "the video is cut off \(found.endText)" + complaint,
      hint: "--on-error skip takes the frames that there are", file: path)
  }

  // MARK: - Programs

  /// The input options of both programs.
  static func input(_ path: String, _ format: VideoFormat) -> [String] {
    // With the prefix, a name with a leading dash or a colon is treated as a plain file.
    ["-protocol_whitelist", "file,pipe", "-f", format.rawValue, "-i", "file:\(path)"]
  }

  private static func start(
    _ programs: Programs, path: String, format: VideoFormat, _ stream: Int,
    _ options: PictureOptions, _ limits: ChildLimits, toleratesDamage: Bool
  ) throws(Failure) -> ChildProcess {
    try ChildProcess(
      programs.decoder,
      // With one thread, a damaged file gives the same frames each time, as in the survey. No
      // proportion of undecodable frames is a reason to stop.
      ["-nostdin", "-v", "error", "-max_error_rate", "1"]
        + (toleratesDamage ? ["-threads", "1"] : []) + pixelLimit(options) + input(path, format)
        + ["-map", "0:\(stream)"] + outputArguments,
      .readingFromChild, limits: limits, patience: programs.patience)
  }

  /// The options with which the decoder writes frames for `PPMStream`.
  static let outputArguments = [
    "-fps_mode", "passthrough",
    // Without these flags, the conversion from YUV rounds differently on different CPUs.
    "-sws_flags", "bicubic+accurate_rnd+full_chroma_int+bitexact",
    "-pix_fmt", "rgb24", "-c:v", "ppm", "-f", "image2pipe", "pipe:1",
  ]

  /// The largest frame that a program may decode.
  static func pixelLimit(_ options: PictureOptions) -> [String] {
    ["-max_pixels", "\(min(options.maximumPixels, 1 << 30))"]
  }
}
