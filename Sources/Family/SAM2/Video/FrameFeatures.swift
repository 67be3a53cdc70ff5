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
  /// The frame that was asked for last, if it could not be read.
  private var unreadable: Int?
  /// A frame that is read while the one before it is tracked; meanwhile `reader` is on loan.
  private var ahead: (frame: Int, work: BackgroundWork<Loan>)?

  init(model: SegmentationModel, source: any IndexedFrames, capacity: Int) {
    self.model = model
    reader = PictureReader(source, imageSize: model.imageSize)
    self.capacity = max(capacity, 1)
  }

  /// Number of frames; see `PictureReader.countFrames`.
  mutating func countFrames() throws(Failure) -> Int { try reader.countFrames() }

  /// Features of `frame`; meanwhile a separate thread reads frame `next`, which will be asked for
  /// soon.
  /// - Throws: what reading the frame and running the model throw; errors from reading `next` are
  ///   thrown when it is asked for.
  mutating func features(
    of frame: Int, readingNext next: Int? = nil
  ) throws(Failure) -> ImageFeatures {
    if let position = kept.firstIndex(where: { $0.frame == frame }) {
      let entry = kept.remove(at: position)
      kept.append(entry)
      readAhead(next)
      return entry.features
    }
    let pixels = try pixels(of: frame)
    readAhead(next)
    // The oldest is removed first, since holding both at once would be the memory peak of the whole
    // job.
    if kept.count >= capacity { kept.removeFirst() }
    let features = try model.stages.encodeImage(pixels)
    kept.append((frame, features))
    return features
  }

  /// The frames whose features are kept.
  var frames: [Int] { kept.map(\.frame) }

  /// Whether asking for `frame` has just failed because it could not be read.
  func isUnreadable(_ frame: Int) -> Bool { unreadable == frame }

  // MARK: - Reading ahead

  /// The state handed to the read-ahead thread and back again.
  ///
  /// Unchecked: nobody else reads frames until it is done.
  private struct Loan: @unchecked Sendable {
    var reader: PictureReader
    var pixels: Result<Tensor, Failure>?

    /// Frame `index` as the encoder reads it: [1, S, S, 3].
    mutating func read(_ index: Int, for model: SegmentationModel) {
      pixels = Result { () throws(Failure) in
        model.framePixels(of: try reader.picture(at: index))
      }
    }
  }

  private mutating func readAhead(_ next: Int?) {
    guard let next, ahead == nil, !kept.contains(where: { $0.frame == next }) else { return }
    let loan = Loan(reader: reader)
    ahead = (
      next,
      BackgroundWork { [model] in
        var loan = loan
        loan.read(next, for: model)
        return loan
      }
    )
  }

  private mutating func pixels(of frame: Int) throws(Failure) -> Tensor {
    var loan = Loan(reader: reader)
    var isRead = false
    if let ahead {
      loan = ahead.work.value()
      isRead = ahead.frame == frame
      self.ahead = nil
    }
    if !isRead { loan.read(frame, for: model) }
    reader = loan.reader
    guard let pixels = loan.pixels else {
      throw Failure(.internalError, code: "video.loan", "frame \(frame) was not read")
    }
    unreadable = frame
    let values = try pixels.get()
    unreadable = nil
    return values
  }
}
