import Bytes
import Media

/// Reads the frames of a video at the model's input size.
///
/// Video files are decoded forwards only, and a step back means decoding from the start. So when
/// frames are asked for backwards, a run of them is read at once and kept until it is used up.
struct PictureReader {
  let width: Int
  let height: Int
  private var source: any IndexedFrames
  private let imageSize: Int
  /// Frames read before they are asked for, by index.
  private var kept: [Int: RGBImage] = [:]
  private var lastIndex: Int?
  /// Number of frames read at once when stepping backwards: 3 MB each for an input of 1024 x 1024.
  static let runLength = 16

  init(_ source: any IndexedFrames, imageSize: Int) {
    self.source = source
    self.imageSize = imageSize
    (width, height) = (source.width, source.height)
  }

  /// Frame `index`, resized in 8 bits as the reference resizes video frames.
  /// - Throws: what reading the frame throws; `video.frame_size`.
  mutating func picture(at index: Int) throws(Failure) -> RGBImage {
    let isStepBack = lastIndex == index + 1
    lastIndex = index
    if let picture = kept.removeValue(forKey: index) { return picture }
    kept = [:]
    if isStepBack {
      for earlier in max(index - PictureReader.runLength + 1, 0)..<index {
        // A frame that cannot be read fails later, when it is needed.
        kept[earlier] = try? read(earlier)
      }
    }
    return try read(index)
  }

  private mutating func read(_ index: Int) throws(Failure) -> RGBImage {
    let picture = try source.frame(at: index)
    guard picture.width == width, picture.height == height else {
      throw Failure(
        .badInput, code: "video.frame_size",
        "frame \(index) is \(picture.width)x\(picture.height), but the video is "
          + "\(width)x\(height)",
        hint: "all frames of a video must have one size")
    }
    return Resizer.likePIL(picture, width: imageSize, height: imageSize)
  }

  /// Number of frames, as claimed by the source, or else counted by reading all of them.
  mutating func countFrames() throws(Failure) -> Int {
    if let claimed = source.frameCount { return claimed }
    var count = 0
    do throws(Failure) {
      while true {
        _ = try source.frame(at: count)
        count += 1
      }
    } catch {
      guard error.cause == .endOfFrames else { throw error }
    }
    return count
  }
}
