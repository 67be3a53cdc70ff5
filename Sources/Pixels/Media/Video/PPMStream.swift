import Bytes

/// Binary PPM pictures, one after another, in the output of a child process.
struct PPMStream {
  let child: ChildProcess
  let maximumPixels: Int

  /// The next picture, or nil at the end; `path` is used in messages.
  ///
  /// Failures: `video.damaged`, `image.too_large`.
  func next(of path: String) throws(Failure) -> RGBImage? {
    // P6, width, height and largest value, each followed by one byte of white space.
    guard let magic = nextField() else { return nil }
    guard magic == "P6", let width = nextField().flatMap({ Int($0) }),
      let height = nextField().flatMap({ Int($0) }), nextField() == "255"
    else {
      throw PPMStream.damaged(child, finding: "ends within a frame", path: path)
    }
    let (pixelCount, overflow) = width.multipliedReportingOverflow(by: height)
    guard width > 0, height > 0, !overflow, pixelCount <= maximumPixels else {
      throw Failure(
        .badInput, code: "image.too_large",
        "frames of \(width)x\(height) exceed the limit of \(maximumPixels) pixels", file: path)
    }
    var pixels = [UInt8](repeating: 0, count: 3 * pixelCount)
    let count = pixels.withUnsafeMutableBytes { child.read(into: $0) }
    guard count == pixels.count else {
      throw PPMStream.damaged(child, finding: "ends within a frame", path: path)
    }
    return RGBImage(width: width, height: height, pixels: pixels)
  }

  /// Text up to white space, or nil at the end.
  private func nextField() -> String? {
    var field: [UInt8] = []
    // No field is longer than a number.
    while field.count < 20 {
      var byte: UInt8 = 0
      let count = withUnsafeMutableBytes(of: &byte) { child.read(into: $0) }
      if count == 0 { return nil }
      if byte <= 32 { break }
      field.append(byte)
    }
    return String(decoding: field, as: UTF8.self)
  }

  /// Ends the child; returns a failure that reports its complaints and how it ended.
  ///
  /// Codes: `video.damaged`, `video.decoder_crashed`, `video.decoder_stalled`.
  static func damaged(_ child: ChildProcess, finding: String, path: String) -> Failure {
    _ = child.finish()
    let complaint = child.complaint.isEmpty ? "" : ": \(child.complaint)"
    let hint = "convert it, for example with ffmpeg -i IN -c:v libx264 OUT.mp4"
    switch child.ending {
    case .running, .exited, .interrupted:
      return Failure(
        .badInput, code: "video.damaged", "the video \(finding)" + complaint, file: path,
        cause: .codecEnded)
    case .crashed(let signal):
      return Failure(
        .badInput, code: "video.decoder_crashed",
        "the decoder crashed (signal \(signal)) on the video" + complaint, hint: hint, file: path,
        cause: .codecEnded)
    case .outOfTime:
      return Failure(
        .badInput, code: "video.decoder_stalled",
        "the decoder used more than \(child.limits.processorSeconds ?? 0) s of processor time on "
          + "the video" + complaint, hint: hint, file: path, cause: .codecEnded)
    case .stalled:
      return Failure(
        .badInput, code: "video.decoder_stalled",
        "the decoder stopped working on the video" + complaint, hint: hint, file: path,
        cause: .codecEnded)
    }
  }
}
