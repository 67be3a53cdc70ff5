import Bytes
public import JSON
import JobSupport
import Media
import SAM2
import SAM2Jobs
import Synchronization

/// A video that a client has opened, with its tracking and its masks.
public final class VideoSession: Sendable {
  public let id: String
  let source: VideoSource
  public let width: Int
  public let height: Int
  public let frameCount: Int
  /// Nil for a folder of frames.
  public let framesPerSecond: Double?
  let description: VideoDescription
  /// Locked by whichever caller is using the predictor.
  let tracking: Guarded<VideoTracking>
  /// The frames for display, read separately from those for the model.
  private let shown: Guarded<OpenVideo>
  private let pictures: Guarded<FramePictures>
  private let state: Guarded<State>

  private struct State: Sendable {
    var results: VideoResults
    var facts: Facts
    var names: ObjectNames
    var revision = 0
    var lastUse = StageClock.now()
  }

  /// The state of the tracking, for callers that cannot wait for the lock.
  struct Facts: Sendable {
    var objects: [Int] = []
    var prompts: [(object: Int, frame: Int)] = []
    var actions: [InteractionScript.Action] = []
    private var encodedFrames: [Int] = []
    /// Objects on encoded frames for which clicks need only the decoder.
    private var readyObjects: [Int: [Int]] = [:]

    init(_ tracking: VideoTracking) {
      (objects, prompts, actions) = (tracking.objectIDs, tracking.prompts, tracking.actions)
      encodedFrames = tracking.encodedFrames
      for frame in encodedFrames {
        readyObjects[frame] = objects.filter { tracking.isEncoded(frame: frame, for: $0) }
      }
    }

    /// Whether clicks on `object` on `frame` need only the decoder.
    func isEncoded(frame: Int, for object: Int) -> Bool {
      guard encodedFrames.contains(frame) else { return false }
      return !objects.contains(object) || readyObjects[frame]?.contains(object) ?? false
    }
  }

  init(
    id: String, source: VideoSource, tracking: sending VideoTracking, shown: sending OpenVideo,
    results: VideoResults = VideoResults(), names: ObjectNames = ObjectNames()
  ) throws(Failure) {
    (self.id, self.source) = (id, source)
    (width, height, frameCount) = (tracking.width, tracking.height, tracking.frameCount)
    framesPerSecond = shown.frames.frameRate?.framesPerSecond
    description = try VideoDescription(
      shown.frames, of: source.name, frameCount: tracking.frameCount)
    state = Guarded(State(results: results, facts: Facts(tracking), names: names))
    pictures = Guarded(FramePictures())
    self.tracking = Guarded(tracking)
    self.shown = Guarded(shown)
  }

  public var name: String { source.name }
  public var mediaPath: String? { source.mediaPath }

  var results: VideoResults { state.withLock { $0.results } }
  var facts: Facts { state.withLock { $0.facts } }
  var names: ObjectNames { state.withLock { $0.names } }
  public var revision: Int { state.withLock { $0.revision } }

  func change(_ facts: Facts?, _ body: @Sendable (inout VideoResults) -> Void) {
    state.withLock { state in
      body(&state.results)
      if let facts { state.facts = facts }
      state.revision += 1
    }
  }

  /// Adopts `facts` without notifying clients.
  func note(_ facts: Facts) { state.withLock { $0.facts = facts } }

  func change(_ names: ObjectNames) {
    state.withLock { state in
      state.names = names
      state.revision += 1
    }
  }

  func touch() { state.withLock { $0.lastUse = StageClock.now() } }
  var idleSeconds: Double { StageClock.now() - state.withLock { $0.lastUse } }

  // MARK: - Frames for people

  /// Frame `index` as a JPEG whose longer side is at most `side` pixels.
  /// - Throws: `video.frame`; any error from reading.
  func display(_ index: Int, side: Int) throws(Failure) -> [UInt8] {
    if let kept = pictures.withLock({ $0[index, side] }) { return kept }
    let picture = try frame(index)
    let bytes = try picture.display(side: side)
    pictures.withLock { $0.keep(bytes, index, side) }
    return bytes
  }

  func frame(_ index: Int) throws(Failure) -> RGBImage {
    try shown.withLock { (video) throws(Failure) in try video.frames.frame(at: index) }
  }

  /// The session's description for clients.
  public var json: JSONValue {
    let state = state.withLock { $0 }
    return [
      "id": .string(id), "name": .string(name), "width": .init(width), "height": .init(height),
      "frames": .init(frameCount), "fps": framesPerSecond.map { .number($0) } ?? .null,
      "path": mediaPath.map { .string($0) } ?? .null, "revision": .init(state.revision),
      "objects": .array(state.facts.objects.map { .init($0) }),
      "prompts": .array(
        state.facts.prompts.map { ["object": .init($0.object), "frame": .init($0.frame)] }),
      "names": state.names.json, "lanes": state.results.lanes,
    ]
  }

  /// The masks of frame `index`.
  public func masks(_ index: Int) -> JSONValue {
    let entries = results.frames[index] ?? []
    return [
      "frame": .init(index), "size": [.init(height), .init(width)],
      "objects": .array(entries.map(\.json)),
    ]
  }

  /// All actions so far, as a script for `sam2 track --script`.
  public var script: JSONValue { InteractionScript(facts.actions).json }
}

/// JPEGs of displayed frames; the least recently shown are dropped when over budget.
private struct FramePictures {
  private var kept: [Int: (side: Int, bytes: [UInt8])] = [:]
  private var order: [Int] = []
  private var byteCount = 0
  private static let budget = 64 << 20

  subscript(index: Int, side: Int) -> [UInt8]? {
    mutating get {
      guard let found = kept[index], found.side == side else { return nil }
      order.removeAll { $0 == index }
      order.append(index)
      return found.bytes
    }
  }

  mutating func keep(_ bytes: [UInt8], _ index: Int, _ side: Int) {
    byteCount += bytes.count - (kept[index]?.bytes.count ?? 0)
    kept[index] = (side, bytes)
    order.removeAll { $0 == index }
    order.append(index)
    while byteCount > FramePictures.budget, order.count > 1 {
      byteCount -= kept.removeValue(forKey: order.removeFirst())?.bytes.count ?? 0
    }
  }
}
