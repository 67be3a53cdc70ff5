import Bytes
import JobSupport
import Media

/// The names of a video's frames, which all results about them bear: those of the files of a folder,
/// numbers with five digits for a video file.
struct FrameNames: Sendable {
  /// Empty for a video file.
  private let files: [String]

  /// - Throws: `output.same_name` when results about two frames would have one name.
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

  /// The name of the frame's own file; that of an extracted frame for a video file.
  func file(_ frame: Int) -> String {
    files.indices.contains(frame) ? files[frame] : "\(fiveDigits(frame)).jpg"
  }

  /// The name that files about the frame get, without extension.
  func stem(_ frame: Int) -> String {
    files.indices.contains(frame) ? fileStem(files[frame]) : fiveDigits(frame)
  }

  /// The name in files of logits: of at least five digits where the frame's name is a number.
  func logitsStem(_ frame: Int) -> String { FrameNames.padded(stem(frame)) }

  private static func padded(_ stem: String) -> String { Int(stem).map(fiveDigits) ?? stem }

  /// Whether `stem` is the name of one of the first `count` frames in files of logits.
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
