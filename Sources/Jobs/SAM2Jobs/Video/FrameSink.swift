import Annotations
import Bytes
import JSON
import SAM2

/// The destination for the results of a video: files in a folder for `sam2 track`, or of an item
/// for batches.
///
/// Frames are written in succession, each on a thread of its own while the next is tracked.
protocol FrameSink: Sendable {
  /// Writes the files of one frame, which took `lap` milliseconds to track, replacing the `earlier`
  /// files of the same frame.
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
  /// Files to remove when the frame is written again; none for a sink that overwrites them.
  var files: [String] = []
}
