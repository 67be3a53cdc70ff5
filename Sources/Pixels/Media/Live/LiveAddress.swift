public import Bytes
import Glibc

/// A source that delivers frames in real time: a camera, a stream or a pipe.
///
/// The ffmpeg program opens it with fixed arguments. Only the protocols and formats for this kind
/// of source are allowed, so that incoming data cannot make ffmpeg open local files.
public struct LiveAddress: Sendable, Equatable {
  /// The kinds of sources, with what ffmpeg needs to know about each.
  enum Kind: Sendable, Equatable {
    case standardInput
    /// A camera device, read through Video4Linux.
    case camera(String)
    case stream(String, LiveScheme)
    /// A named pipe.
    case pipe(String)
    /// A video file, played at its own frame rate.
    case file(String, VideoFormat)
  }

  let kind: Kind
  /// The address for use in messages, without any user name and password.
  public let shown: String

  /// Parses `-`, a stream address, or the path of a device, a named pipe or a video file.
  /// - Throws: `live.address` for an unknown kind of stream, `live.folder`; `file.missing`,
  ///   `video.format` for a file.
  public init(_ text: String) throws(Failure) {
    if text == "-" {
      (kind, shown) = (.standardInput, "standard input")
    } else if let end = text.firstRange(of: "://") {
      kind = .stream(text, try LiveScheme(String(text[..<end.lowerBound])))
      shown = LiveAddress.withoutCredentials(text, from: end.upperBound)
    } else {
      (kind, shown) = (try LiveAddress.kind(ofFile: text), text)
    }
  }

  /// Whether `text` is a live source and not the path of a file or folder, as for other videos.
  public static func isLive(_ text: String) -> Bool {
    if text == "-" || text.contains("://") { return true }
    var status = stat()
    guard stat(text, &status) == 0 else { return false }
    return [S_IFCHR, S_IFIFO].contains(status.st_mode & S_IFMT)
  }

  /// Whether frames arrive on standard input, which then cannot carry prompts.
  public var isStandardInput: Bool { kind == .standardInput }

  /// Whether the source is known to exist, so that only its data can prevent opening it.
  var isBytes: Bool {
    switch kind {
    case .standardInput, .pipe, .file: true
    case .camera, .stream: false
    }
  }

  private static func kind(ofFile path: String) throws(Failure) -> Kind {
    var status = stat()
    guard stat(path, &status) == 0 else { throw Failure.opening(path, errno).about(file: path) }
    switch status.st_mode & S_IFMT {
    case S_IFCHR: return .camera(path)
    case S_IFIFO: return .pipe(path)
    case S_IFDIR:
      throw Failure(
        .usage, code: "live.folder", "a folder of frames is not live", hint: "leave --live out",
        file: path)
    default: return .file(path, try VideoFormat(ofFile: path))
    }
  }

  private static func withoutCredentials(_ text: String, from start: String.Index) -> String {
    let host = text[start...].prefix { $0 != "/" && $0 != "?" }
    guard let mark = host.lastIndex(of: "@") else { return text }
    return text[..<start] + "…" + text[mark...]
  }
}

// MARK: - For ffmpeg

extension LiveAddress {
  /// Containers and streams that hold frames and cannot refer to anything else to open.
  private static let containers = [
    "mpegts", "matroska", "mov", "avi", "flv", "nut", "mjpeg", "mpjpeg", "h264", "hevc", "mpeg",
    "mpegvideo", "yuv4mpegpipe", "ogg", "ivf", "obu",
  ]

  /// Limits in bytes and microseconds on how much of a stream is probed before the first frame.
  private static let probing = ["-probesize", "1000000", "-analyzeduration", "1000000"]

  /// The arguments that open the input.
  var inputArguments: [String] {
    let usual = LiveAddress.containers.joined(separator: ",")
    switch kind {
    case .standardInput:
      return LiveAddress.probing
        + ["-protocol_whitelist", "pipe", "-format_whitelist", usual, "-i", "pipe:0"]
    case .pipe(let path):
      // ffmpeg waits for the writer, and can be stopped if it waits too long.
      return LiveAddress.probing
        + ["-protocol_whitelist", "file", "-format_whitelist", usual, "-i", "file:\(path)"]
    case .camera(let path): return ["-f", "v4l2", "-i", path]
    case .file(let path, let format): return ["-re"] + VideoFrames.input(path, format)
    case .stream(let address, let scheme):
      let formats = (LiveAddress.containers + scheme.formats).joined(separator: ",")
      return LiveAddress.probing + [
        "-protocol_whitelist", scheme.protocols, "-format_whitelist", formats, "-i", address,
      ]
    }
  }

  /// `text`, written by ffmpeg, without the parts that `shown` leaves out.
  func concealed(_ text: String) -> String {
    guard case .stream(let address, _) = kind else { return text }
    return text.replacing(address, with: shown)
  }
}
