/// A frame of a live video.
public struct LiveFrame: Sendable {
  public let picture: RGBImage
  /// Number among all frames that have arrived, from 0; dropped frames count too.
  public let number: Int
  /// Arrival time, in seconds since the first frame.
  public let seconds: Double
  /// Arrival time, in seconds of the monotonic clock.
  public let arrival: Double
  /// Newer frames that had arrived by the time this one was taken.
  public internal(set) var lag = 0
}

/// Counts of the frames of a live video so far.
public struct LiveFrameCounts: Sendable, Hashable {
  public internal(set) var arrived = 0
  /// Frames that were replaced by newer ones before being taken.
  public internal(set) var dropped = 0

  public init() {}
}
