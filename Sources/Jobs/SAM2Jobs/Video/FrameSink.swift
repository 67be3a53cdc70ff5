import Annotations
import Bytes
import JSON
import SAM2

/// The place for the results of a video: files of a folder for `sam2 track`, of an item for batches.
///
/// Frames are written one after the other, each on a thread of its own beside the tracking of the
/// next.
protocol FrameSink: Sendable {
  /// Writes the files of one frame, which took `lap` milliseconds to track, in place of the
  /// `earlier` files of the same frame.
  func write(
    _ result: FrameResult, lap: Double?, replacing earlier: [String]
  ) throws(Failure) -> WrittenFrame

  /// Writes the files about the whole video, which has `frameCount` frames.
  /// - Returns: their paths.
  func finish(_ pictures: [AnnotatedPicture], frameCount: Int) throws(Failure) -> [String]
}

/// A frame whose files exist.
struct WrittenFrame: Sendable {
  let frame: Int
  let picture: AnnotatedPicture
  /// Its entry in the report.
  let entry: JSONValue
  /// Files that are removed when the frame is written again; for a sink that overwrites them, none.
  var files: [String] = []
}
