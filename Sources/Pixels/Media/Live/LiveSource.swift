public import Bytes
import Glibc

/// The frames of a camera, a stream or a pipe, in real time.
///
///     let camera = try LiveSource(LiveAddress("/dev/video0"))
///     let tracker = try StreamingTracker(model, width: camera.width, height: camera.height)
///     while let frame = try camera.next() {
///       show(try tracker.push(frame.picture).masks(), camera.counts.dropped)
///     }
///
/// A dedicated thread reads every frame that arrives. A slower caller gets the newest ones; the
/// others are dropped and counted, so that neither memory nor delay grows.
public final class LiveSource: Sendable {
  public let address: LiveAddress
  /// Size of the frames in pixels.
  public let width: Int
  public let height: Int
  private let feed: LiveFeed

  /// Opens the source and waits for its first frame.
  ///
  /// - Parameters:
  ///   - address: where the frames come from
  ///   - options: limits on the size of frames
  ///   - maximumLag: how many newer frames may have arrived when a frame is taken; with 0, the
  ///     newest is always taken
  ///   - patience: seconds without a frame after which the source counts as stalled
  /// - Throws: `live.cannot_open`, `live.silent` when no frame comes in time, `live.no_frames`;
  ///   `ffmpeg.missing`, `image.too_large`.
  public convenience init(
    _ address: LiveAddress, options: PictureOptions = PictureOptions(), maximumLag: Int = 0,
    patience: Double = 10
  ) throws(Failure) {
    try self.init(
      address, options: options, maximumLag: maximumLag, patience: patience, decoder: "ffmpeg")
  }

  /// The same, with another program in place of ffmpeg.
  init(
    _ address: LiveAddress, options: PictureOptions = PictureOptions(), maximumLag: Int = 0,
    patience: Double, decoder: String
  ) throws(Failure) {
    let feed = try LiveFeed(
      address, options, maximumLag: max(maximumLag, 0), patience: patience, decoder: decoder)
    feed.start()
    guard let size = try feed.waitForSize() else {
      throw Failure(
        .badInput, code: "live.no_frames", "the source ended without a frame",
        file: address.shown)
    }
    (self.address, self.feed) = (address, feed)
    (width, height) = size
  }

  deinit { feed.close() }

  /// Waits for the next frame; nil when the source has ended.
  /// - Throws: `live.broken`, `live.stalled`; `video.mixed_sizes`.
  public func next() throws(Failure) -> LiveFrame? {
    while true {
      switch try take() {
      case .frame(let frame): return frame
      case .end: return nil
      case .nothing: feed.wait()
      }
    }
  }

  /// The result of trying to take a frame.
  package enum Taken {
    case frame(LiveFrame)
    /// No frame has arrived since the last one was taken.
    case nothing
    /// There will be no more frames.
    case end
  }

  /// The next frame, if there is one, without waiting.
  /// - Throws: as `next`.
  package func take() throws(Failure) -> Taken { try feed.take() }

  /// A descriptor that becomes readable when a frame or the end has come.
  package var readiness: Int32 { feed.readiness }

  /// The frame counts so far.
  public var counts: LiveFrameCounts { feed.counts }

  /// Notices about the decoder's complaints so far, if any.
  public var notices: [Notice] {
    let complaint = feed.complaint
    guard !complaint.isEmpty else { return [] }
    return [
      Notice(
        .reinterpreted, code: "live.complaint",
        "the decoder complains, so some frames may be missing or damaged: \(complaint)",
        file: address.shown)
    ]
  }

  /// Ends the decoder; frames that have arrived can still be taken.
  public func close() { feed.close() }
}
