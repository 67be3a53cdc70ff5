import Bytes

/// The kinds of streams, by the scheme of their addresses.
enum LiveScheme: String, CaseIterable, Sendable {
  case rtsp
  case rtsps
  case rtmp
  case rtmps
  case http
  case https
  case udp
  case rtp
  case tcp
  case srt

  /// - Throws: `live.address` for any other scheme.
  init(_ text: String) throws(Failure) {
    guard let known = LiveScheme(rawValue: text.lowercased()) else {
      let list = LiveScheme.allCases.map(\.rawValue).joined(separator: ", ")
      throw Failure(
        .usage, code: "live.address",
        "\"\(printable(text, limit: 40))\" is not a kind of stream that can be read",
        hint: "use \(list), the path of a device or of a named pipe, or -")
    }
    self = known
  }

  /// The ffmpeg protocols that such a stream needs; never the one for local files.
  var protocols: String {
    switch self {
    case .rtsp: "rtsp,rtp,udp,tcp"
    case .rtsps: "rtsp,rtsps,rtp,srtp,udp,tcp,tls,crypto"
    case .rtmp: "rtmp,tcp"
    case .rtmps: "rtmps,rtmp,tls,tcp"
    case .http, .https: "http,https,httpproxy,tls,tcp,crypto,data"
    case .udp: "udp"
    case .rtp: "rtp,udp"
    case .tcp: "tcp"
    case .srt: "srt"
    }
  }

  /// The ffmpeg formats that such a stream may use besides the usual containers.
  var formats: [String] {
    switch self {
    case .rtsp, .rtsps: ["rtsp", "sdp", "rtp"]
    case .rtp: ["rtp", "sdp"]
    case .rtmp, .rtmps: ["live_flv"]
    case .http, .https: ["hls"]
    case .udp, .tcp, .srt: []
    }
  }
}
