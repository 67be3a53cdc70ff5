public import Bytes
public import Media
public import SAM2
import Synchronization

/// The frames of a video as a predictor reads them, of which some are kept for a while: what is drawn
/// on them need not be decoded again.
public struct DecodedFrames: IndexedFrames {
  private var source: FrameSource
  let kept = KeptFrames()

  public init(_ source: FrameSource) { self.source = source }

  public var width: Int { source.width }
  public var height: Int { source.height }
  public var frameCount: Int? { source.frameCount }

  public mutating func frame(at index: Int) throws(Failure) -> RGBImage {
    let picture = try source.frame(at: index)
    kept.add(picture, at: index)
    return picture
  }
}

/// Some frames that have been decoded and are still to be drawn on; shared by threads.
final class KeptFrames: Sendable {
  private struct State: Sendable {
    var isKeeping = false
    var pictures: [Int: RGBImage] = [:]
  }

  private let state = Guarded(State())
  /// One is written while the next is tracked and the one after it read.
  private static let limit = 4

  /// Keeps frames from now on.
  func start() { state.withLock { $0.isKeeping = true } }

  /// Keeps frames no longer.
  func stop() { state.withLock { $0 = State() } }

  /// Keeps a frame; of too many the last of the video is dropped, which is needed last.
  func add(_ picture: RGBImage, at index: Int) {
    state.withLock { state in
      guard state.isKeeping else { return }
      state.pictures[index] = picture
      guard state.pictures.count > KeptFrames.limit, let last = state.pictures.keys.max() else {
        return
      }
      state.pictures[last] = nil
    }
  }

  /// The frame, which is not kept any longer; nil when it is not at hand.
  func take(_ index: Int) -> RGBImage? {
    state.withLock { state in
      let picture = state.pictures.removeValue(forKey: index)
      state.pictures = state.pictures.filter { $0.key > index }
      return picture
    }
  }
}
