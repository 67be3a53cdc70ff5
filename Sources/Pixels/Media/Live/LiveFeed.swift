import Bytes
import Glibc
import Synchronization

/// The thread that reads a live source, and the frames waiting to be taken.
final class LiveFeed: Sendable {
  private struct State: Sendable {
    /// Oldest first.
    var waiting: [LiveFrame] = []
    var counts = LiveFrameCounts()
    var size: (width: Int, height: Int)?
    /// Arrival time of the first frame.
    var start: Double?
    var complaint = ""
    /// How the source ended; nil while it is still delivering.
    var end: Result<Void, Failure>?
  }

  private let address: LiveAddress
  private let options: PictureOptions
  private let maximumLag: Int
  private let patience: Double
  private let decoder: String
  private let state = Guarded(State())
  private let news: WakeUp
  private let closing: WakeUp

  init(
    _ address: LiveAddress, _ options: PictureOptions, maximumLag: Int, patience: Double,
    decoder: String
  ) throws(Failure) {
    (self.address, self.options, self.maximumLag) = (address, options, maximumLag)
    (self.patience, self.decoder) = (patience, decoder)
    (news, closing) = (try WakeUp(), try WakeUp())
  }

  // MARK: - For the consumer of frames

  var readiness: Int32 { news.descriptor }

  var counts: LiveFrameCounts { state.withLock { $0.counts } }

  var complaint: String { state.withLock { $0.complaint } }

  func close() {
    closing.signal()
  }

  /// Waits for a frame or the end; returns at once if one has come since the last call of `take`.
  func wait() {
    var descriptor = pollfd(fd: news.descriptor, events: Int16(POLLIN), revents: 0)
    _ = poll(&descriptor, 1, -1)
  }

  /// Waits for the size of the first frame; nil if the source ends without one.
  func waitForSize() throws(Failure) -> (width: Int, height: Int)? {
    while true {
      let (size, end) = state.withLock { ($0.size, $0.end) }
      if let size { return size }
      if let end {
        try end.get()
        return nil
      }
      wait()
      news.clear()
    }
  }

  func take() throws(Failure) -> LiveSource.Taken {
    news.clear()
    let (frame, end, isLast) = state.withLock {
      state -> (LiveFrame?, Result<Void, Failure>?, Bool) in
      guard !state.waiting.isEmpty else { return (nil, state.end, true) }
      var frame = state.waiting.removeFirst()
      frame.lag = state.counts.arrived - 1 - frame.number
      return (frame, state.end, state.waiting.isEmpty)
    }
    // Remaining frames are announced again.
    if !isLast || (frame != nil && end != nil) { news.signal() }
    if let frame { return .frame(frame) }
    guard let end else { return .nothing }
    try end.get()
    return .end
  }

  // MARK: - The thread

  /// Starts reading.
  func start() {
    _ = BackgroundWork { [self] in
      let end = Result { () throws(Failure) in try readFrames() }
      state.withLock { $0.end = end }
      news.signal()
    }
  }

  private func readFrames() throws(Failure) {
    let child = try ChildProcess(
      decoder,
      // No proportion of undecodable frames is a reason to stop. With frame threading, each frame
      // would be delayed by the number of threads.
      ["-nostdin", "-v", "error", "-max_error_rate", "1", "-thread_type", "slice"]
        + VideoFrames.pixelLimit(options) + address.inputArguments
        + ["-map", "0:v:0"] + VideoFrames.outputArguments,
      .readingFromChild, inputChannel: address.isStandardInput ? STDIN_FILENO : nil,
      limits: ChildLimits(), patience: Int32(min(patience * 1000, 1e9)),
      interruption: closing.descriptor)
    let stream = PPMStream(child: child, maximumPixels: options.maximumPixels)
    while true {
      let picture: RGBImage?
      do throws(Failure) {
        picture = try stream.next(of: address.shown)
      } catch {
        guard error.cause == .codecEnded else { throw error }
        throw failure(of: child) ?? error
      }
      guard let picture else { break }
      try keep(picture)
      child.lookForErrors()
      noteComplaint(of: child)
    }
    let isWell = child.finish()
    noteComplaint(of: child)
    if !isWell, let failure = failure(of: child) { throw failure }
  }

  /// Adds a frame, and drops the oldest if too many are waiting.
  private func keep(_ picture: RGBImage) throws(Failure) {
    let now = LiveFeed.now()
    let isOfOneSize = state.withLock { state in
      if let size = state.size, size != (picture.width, picture.height) { return false }
      state.size = (picture.width, picture.height)
      let start = state.start ?? now
      state.start = start
      state.waiting.append(
        LiveFrame(
          picture: picture, number: state.counts.arrived, seconds: now - start, arrival: now))
      state.counts.arrived += 1
      if state.waiting.count > maximumLag + 1 {
        state.waiting.removeFirst()
        state.counts.dropped += 1
      }
      return true
    }
    guard isOfOneSize else {
      throw Failure(
        .badInput, code: "video.mixed_sizes",
        "the size of the frames changes to \(picture.width)x\(picture.height)",
        file: address.shown)
    }
    news.signal()
  }

  /// Why the source ended; nil if it was closed from this side.
  private func failure(of child: ChildProcess) -> Failure? {
    let count = counts.arrived
    let frames = count == 1 ? "1 frame" : "\(count) frames"
    let waited = "no frame came for \(fixed(patience, patience < 10 ? 1 : 0)) s"
    switch child.ending {
    case .interrupted: return nil
    case .stalled where count == 0:
      return Failure(
        .inputOutput, code: "live.silent", "the source delivers nothing: \(waited)",
        hint: "--source-timeout waits longer", file: address.shown)
    case .stalled:
      return Failure(
        .inputOutput, code: "live.stalled", "\(waited), after \(frames)",
        file: address.shown)
    case .running, .exited, .crashed, .outOfTime:
      let complaint = complaint.isEmpty ? "" : ": \(complaint)"
      guard count == 0 else {
        return Failure(
          .inputOutput, code: "live.broken",
          "the source broke off after \(frames)" + complaint, file: address.shown)
      }
      return Failure(
        address.isBytes ? .badInput : .missingInput, code: "live.cannot_open",
        "the source cannot be opened" + complaint, file: address.shown)
    }
  }

  /// The monotonic clock, in seconds.
  private static func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  private func noteComplaint(of child: ChildProcess) {
    let complaint = address.concealed(child.complaint)
    state.withLock { $0.complaint = complaint }
  }
}
