import Bytes
import Media
import Tensors

/// Image features of a video's frames: computed once per frame for all objects, and kept only for
/// the frames visited last.
struct FrameFeatures {
  private let model: SegmentationModel
  private(set) var reader: PictureReader
  private let capacity: Int
  /// Least recently used first.
  private var kept: [(frame: Int, features: ImageFeatures)] = []

  init(model: SegmentationModel, source: any IndexedFrames, capacity: Int) {
    self.model = model
    reader = PictureReader(source, imageSize: model.imageSize)
    self.capacity = max(capacity, 1)
  }

  /// Number of frames; see `PictureReader.countFrames`.
  mutating func countFrames() throws(Failure) -> Int { try reader.countFrames() }

  /// Features of `frame`.
  /// - Throws: what reading the frame and running the model throw.
  mutating func features(of frame: Int) throws(Failure) -> ImageFeatures {
    if let position = kept.firstIndex(where: { $0.frame == frame }) {
      let entry = kept.remove(at: position)
      kept.append(entry)
      return entry.features
    }
    let size = model.imageSize
    let pixels = try reader.picture(at: frame)
      .normalized(mean: model.pixelMean, standardDeviation: model.pixelDeviation)
    let features = try model.stages.encodeImage(Tensor(pixels, shape: [1, size, size, 3]))
    if kept.count >= capacity { kept.removeFirst() }
    kept.append((frame, features))
    return features
  }
}
