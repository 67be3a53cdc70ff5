import Bytes
import Media
import Tensors

/// Image features of a video's frames: computed once per frame for all objects, and kept only for
/// the frames visited last.
struct FrameFeatures {
  let model: SegmentationModel
  private var source: any IndexedFrames
  let width: Int
  let height: Int
  private let capacity: Int
  /// Oldest first.
  private var kept: [(frame: Int, features: ImageFeatures)] = []

  init(model: SegmentationModel, source: any IndexedFrames, capacity: Int) {
    self.model = model
    self.source = source
    (width, height) = (source.width, source.height)
    self.capacity = max(capacity, 1)
  }

  /// Features of `frame`, which must exist.
  /// - Throws: what reading the frame throws; `video.frame_size`.
  mutating func features(of frame: Int) throws(Failure) -> ImageFeatures {
    if let position = kept.firstIndex(where: { $0.frame == frame }) {
      let entry = kept.remove(at: position)
      kept.append(entry)
      return entry.features
    }
    let picture = try source.frame(at: frame)
    guard picture.width == width, picture.height == height else {
      throw Failure(
        .badInput, code: "video.frame_size",
        "frame \(frame) is \(picture.width)x\(picture.height), but the video "
          + "is \(width)x\(height)",
        hint: "all frames of a video must have one size")
    }
    let size = model.imageSize
    // Video frames are resized in 8 bits, unlike single pictures.
    let pixels = Resizer.likePIL(picture, width: size, height: size)
      .normalized(mean: model.pixelMean, standardDeviation: model.pixelDeviation)
    let features = try model.stages.encodeImage(Tensor(pixels, shape: [1, size, size, 3]))
    if kept.count >= capacity { kept.removeFirst() }
    kept.append((frame, features))
    return features
  }

  /// Number of frames: what the source claims, or else counted by reading all of them.
  mutating func countFrames() throws(Failure) -> Int {
    if let claimed = source.frameCount { return claimed }
    var count = 0
    do throws(Failure) {
      while true {
        _ = try source.frame(at: count)
        count += 1
      }
    } catch {
      guard error.code == FrameFeatures.noSuchFrame else { throw error }
    }
    return count
  }

  /// Code of the failure that marks the end of a video.
  static let noSuchFrame = "video.frame"
}
