public import Bytes

/// Limits on everything that a client can request.
public struct WorkLimits: Sendable {
  /// Width times height of a picture or frame.
  public var pixels = 50_000_000
  /// Bytes of an uploaded picture.
  public var pictureBytes = 64 << 20
  /// Bytes of an uploaded video.
  public var videoBytes = 1 << 30
  /// Bytes of frames that were uploaded one by one and are not tracked yet.
  public var uploadBytes = 512 << 20
  /// Number of pictures open at the same time.
  public var pictures = 256
  /// Number of videos open at the same time.
  public var videos = 16
  /// Number of frames in a video.
  public var frames = 100_000
  /// Number of objects in a picture or video.
  public var objects = 255
  /// Number of points in a prompt.
  public var points = 1000
  /// Number of jobs running or waiting at the same time.
  public var jobs = 32
  /// Bytes of embeddings in memory.
  public var memoryBytes = 1 << 30
  /// Bytes of embeddings on disk.
  public var diskBytes = 4 << 30
  /// Seconds allowed for work whose client waits for all of it; jobs take as long as they need.
  public var requestSeconds = 900.0
  /// Seconds after which an unused picture or video may be closed to make room for a new one.
  public var idleSeconds = 600.0

  public init() {}
}

extension Failure {
  /// Work for which a client waited and that took more than `seconds`.
  public static func tookTooLong(_ seconds: Double) -> Failure {
    Failure(
      .usage, code: "serve.timeout", "the work took more than \(Int(seconds)) seconds",
      hint: "ask for less, or start a job under /api")
  }
}
