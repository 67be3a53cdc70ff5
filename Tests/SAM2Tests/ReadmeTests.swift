import Detector
import SAM2
import TestSupport
import Testing

/// The Swift of the README and of the library's guide, compiled.
///
/// Each block has to be the body of a function below.
@Suite struct ReadmeTests {
  // BEGIN
  private func segmentsPicture() throws {
    let model = try SegmentationModel(path: "tiny-int8.sam2")
    let predictor = ImagePredictor(model)
    let picture = try ImageReader.read("photo.jpg")
    try predictor.setImage(picture)  // encodes once
    let click = Prompt(points: [.init(x: 420, y: 310)])
    let prediction = try predictor.predict(click)  // three candidates
    let mask = prediction.mask(prediction.best)
    try PNGWriter.write(mask, to: "mask.png")
    print(prediction.predictedIoUs, mask.area)
  }

  private func tracksVideo() throws {
    let model = try SegmentationModel(path: "tiny-int8.sam2")
    let video = try FrameSource(path: "clip.mp4")  // frames are decoded as they are needed
    let predictor = try VideoPredictor(model, frames: video)
    _ = try predictor.addPoints(frame: 0, object: 1, points: [.init(x: 210, y: 350)])
    _ = try predictor.addPoints(frame: 0, object: 2, box: .init(x0: 300, y0: 0, x1: 500, y1: 400))
    var propagation = try predictor.propagation()
    while let result = try propagation.next() {
      for (object, mask) in result.masks() {
        print(result.frame, object, mask.area)
      }
    }
  }

  private func findsWords() throws {
    let detector = try Detector(path: "owlv2.sam2")
    let queries = try detector.queries(for: ["red car", "dog"])  // encoded once, then kept
    for found in try detector.detect(queries, in: ImageReader.read("street.jpg")) {
      print(queries.labels[found.query], found.score, found.box)  // boxes for ImagePredictor
    }
  }
  // END

  @Test(arguments: ["README.md", "Formats/guides/swift-library.md"])
  func everyBlockCompiles(path: String) throws {
    let here = try text(#filePath)
    let bodies = try #require(
      here.components(between: "// BEGIN", and: "// END").first
    ).split(separator: "\n").map(words)
    let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
    let document = try text(root.joined(separator: "/") + "/" + path)
    let blocks = document.components(between: "```swift", and: "```")
    #expect(!blocks.isEmpty)
    for line in blocks.flatMap({ $0.split(separator: "\n") }) {
      let isImport = ["import SAM2", "import Detector"].contains(words(line))
      #expect(isImport || bodies.contains(words(line)), "\(line)")
    }
  }

  /// A line without its indentation and with single spaces.
  private func words(_ line: Substring) -> String {
    line.split(separator: " ").joined(separator: " ")
  }

  private func text(_ path: String) throws -> String {
    String(decoding: try #require(fileBytes(path)), as: UTF8.self)
  }
}

extension String {
  /// The text between each `start` and the next `end`.
  fileprivate func components(between start: String, and end: String) -> [Substring] {
    var found: [Substring] = []
    var rest = self[...]
    while let opening = rest.firstRange(of: start) {
      let inside = rest[opening.upperBound...]
      guard let closing = inside.firstRange(of: end) else { break }
      found.append(inside[..<closing.lowerBound])
      rest = inside[closing.upperBound...]
    }
    return found
  }
}
