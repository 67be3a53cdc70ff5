import SAM2
import TestSupport

/// The trained fixture model in int8, loaded once for all tests, and the fixtures made for it.
enum SmallModel {
  static let model = Result { () throws -> SegmentationModel in
    try SegmentationModel(path: bundledFile)
  }

  /// The file of the model built into the command.
  private static let bundledFile =
    #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
    .joined(separator: "/") + "/Sources/Commands/CBundledModel/nano-int8.sam2"

  static let picture = fixturePath("nano/still.png", target: ".")
  static let clip = fixturePath("nano/clip", target: ".")
  static let frameCount = 8

  /// A click on an object of the clip.
  static let click = Prompt.Point(x: 42, y: 58, label: 1)
}
