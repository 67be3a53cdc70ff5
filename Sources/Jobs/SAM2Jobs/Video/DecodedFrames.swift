public import Bytes
public import Media
public import SAM2
import Synchronization

/// The frames of a video as read by a predictor, some of which are kept for a while so that they
/// need not be decoded again for drawing.
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

/// Decoded frames that are still to be drawn on; shared between threads.
final class KeptFrames: Sendable {
  private struct State: Sendable {
    var isKeeping = false
    var pictures: [Int: RGBImage] = [:]
  }

  private let state = Guarded(State())
  /// One is being written while the next is tracked and the one after it read.
  private static let limit = 4

  /// Starts keeping frames.
  func start() { state.withLock { $0.isKeeping = true } }

  /// Stops keeping frames.
  func stop() { state.withLock { $0 = State() } }

  /// Keeps a frame; if there are too many, drops the latest in the video, which is needed last.
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

  /// Removes and returns the frame; nil if it is not available.
  func take(_ index: Int) -> RGBImage? {
    state.withLock { state in
      let picture = state.pictures.removeValue(forKey: index)
      state.pictures = state.pictures.filter { $0.key > index }
      return picture
    }
  }
}
