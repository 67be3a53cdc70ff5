public import Bytes
import Glibc

/// A place that delivers frames as they happen: a camera, a stream, a pipe.
///
/// The ffmpeg program opens it with fixed arguments. Of its protocols and formats only those of this
/// kind of place are allowed, so that what arrives cannot make it open local files.
public struct LiveAddress: Sendable, Equatable {
  /// The kinds of places, with what ffmpeg needs to know of each.
  enum Kind: Sendable, Equatable {
    case standardInput
    /// The device of a camera, by Video4Linux.
    case camera(String)
    case stream(String, LiveScheme)
    /// A named pipe.
    case pipe(String)
    /// A video file, played at its own rate.
    case file(String, VideoFormat)
  }

  let kind: Kind
  /// The address for messages, without the user and the password that it may hold.
  public let shown: String

  /// Reads `-`, the address of a stream, or the path of a device, a named pipe or a video file.
  /// - Throws: `live.address` for a stream of an unknown kind, `live.folder`; `file.missing`,
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

  /// Whether `text` is not the path of a file or a folder, as videos are that are not live.
  public static func isLive(_ text: String) -> Bool {
    if text == "-" || text.contains("://") { return true }
    var status = stat()
    guard stat(text, &status) == 0 else { return false }
    return [S_IFCHR, S_IFIFO].contains(status.st_mode & S_IFMT)
  }

  /// Whether the frames come on standard input, which then has no room for prompts.
  public var isStandardInput: Bool { kind == .standardInput }

  /// Whether the source is there, so that it cannot be opened only for what it delivers.
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
  /// Containers and streams that hold frames and name nothing else to be opened.
  private static let containers = [
    "mpegts", "matroska", "mov", "avi", "flv", "nut", "mjpeg", "mpjpeg", "h264", "hevc", "mpeg",
    "mpegvideo", "yuv4mpegpipe", "ogg", "ivf", "obu",
  ]

  /// Bytes and microseconds of a stream that may be looked at before the first frame.
  private static let probing = ["-probesize", "1000000", "-analyzeduration", "1000000"]

  /// The arguments that open the input.
  var inputArguments: [String] {
    let usual = LiveAddress.containers.joined(separator: ",")
    switch kind {
    case .standardInput:
      return LiveAddress.probing
        + ["-protocol_whitelist", "pipe", "-format_whitelist", usual, "-i", "pipe:0"]
    case .pipe(let path):
      // ffmpeg waits for the writer, and can be stopped when it waits for too long.
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

  /// `text`, which ffmpeg wrote, without what `shown` leaves out.
  func concealed(_ text: String) -> String {
    guard case .stream(let address, _) = kind else { return text }
    return text.replacing(address, with: shown)
  }
}
