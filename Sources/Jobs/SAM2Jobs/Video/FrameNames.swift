import Bytes
import JobSupport
import Media

/// The names of a video's frames, used by all results about them: the file names for a folder,
/// five-digit numbers for a video file.
struct FrameNames: Sendable {
  /// Empty for a video file.
  private let files: [String]

  /// - Throws: `output.same_name` if results about two frames would share a name.
  init(_ source: FrameSource) throws(Failure) {
    files = source.framePaths.map { fileName($0) }
    stems = Set(files.map { fileStem($0) })
    var owners: [String: String] = [:]
    for file in files {
      guard let owner = owners.updateValue(file, forKey: fileStem(file)) else { continue }
      throw Failure(
        .usage, code: "output.same_name",
        "the masks of the frames \(printable(owner)) and \(printable(file)) would have one name",
        hint: "give the frames names that differ in more than their endings")
    }
  }

  /// The name of the frame's own file or, for a video file, of an extracted frame.
  func file(_ frame: Int) -> String {
    files.indices.contains(frame) ? files[frame] : "\(fiveDigits(frame)).jpg"
  }

  /// The name of files about the frame, without extension.
  func stem(_ frame: Int) -> String {
    files.indices.contains(frame) ? fileStem(files[frame]) : fiveDigits(frame)
  }

  /// The name in logits files, padded to at least five digits if the frame's name is a number.
  func logitsStem(_ frame: Int) -> String { FrameNames.padded(stem(frame)) }

  private static func padded(_ stem: String) -> String { Int(stem).map(fiveDigits) ?? stem }

  /// Whether `stem` is the name of one of the first `count` frames in logits files.
  func containsLogits(_ stem: String, of count: Int) -> Bool {
    files.isEmpty ? contains(stem, of: count) : stems.contains { FrameNames.padded($0) == stem }
  }

  /// Whether `stem` is the name of one of the first `count` frames.
  func contains(_ stem: String, of count: Int) -> Bool {
    if !files.isEmpty { return stems.contains(stem) }
    guard let number = Int(stem), number >= 0 else { return false }
    return number < count && fiveDigits(number) == stem
  }

  private let stems: Set<String>
}
