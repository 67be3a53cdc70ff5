public import Bytes
public import Detector
import Glibc
import SampleScene

/// How far two detectors agree on drawn scenes: one in floating point and one that was rounded.
public struct DetectorAgreement: Sendable {
  public let sceneCount: Int
  /// Patches whose score in floating point is above the threshold.
  public private(set) var detectionCount = 0
  /// Of these, the share whose rounded box has an intersection over union of at least 0.95.
  public private(set) var boxAgreement = 1.0
  /// Of these, the share whose rounded detection has the same label.
  public private(set) var labelAgreement = 1.0
  /// Of these, the mean and the largest change of the score.
  public private(set) var meanScoreChange = 0.0
  public private(set) var largestScoreChange = 0.0
  /// Signal to noise of the class features of all patches, in decibels.
  public private(set) var classSignal = 0.0

  /// Boxes that overlap by as much are equal.
  public static let equalOverlap: Float = 0.95
  private static let texts = ["a red hexagon", "a blue circle", "a green star", "a photo of a cat"]

  /// Looks at the first `sceneCount` sample scenes with both.
  /// - Throws: what the runtime throws; `quantize.texts` for a tokenizer that needs too many tokens.
  public init(
    _ exact: Detector, _ rounded: Detector, sceneCount: Int = 2, threshold: Float = 0.1,
    progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) throws(Failure) {
    self.sceneCount = sceneCount
    var tally = Tally()
    let queries = (try exact.queries(for: Self.texts), try rounded.queries(for: Self.texts))
    for index in 0..<sceneCount {
      progress(index, sceneCount)
      let picture = SampleScene(seed: UInt64(index + 1)).still(width: 512, height: 384).image
      let a = try exact.patches(queries.0, in: picture)
      let b = try rounded.patches(queries.1, in: picture)
      tally.add(a, b, threshold)
    }
    detectionCount = tally.count
    let count = Double(max(1, tally.count))
    if tally.count > 0 {
      boxAgreement = Double(tally.equalBoxes) / count
      labelAgreement = Double(tally.equalLabels) / count
    }
    meanScoreChange = tally.scoreChange / count
    largestScoreChange = tally.largestScoreChange
    classSignal = tally.noise > 0 ? 10 * log10(tally.signal / tally.noise) : .infinity
  }
}

private struct Tally {
  var count = 0
  var equalBoxes = 0
  var equalLabels = 0
  var scoreChange = 0.0
  var largestScoreChange = 0.0
  var signal = 0.0
  var noise = 0.0

  mutating func add(_ exact: DetectorPatches, _ rounded: DetectorPatches, _ threshold: Float) {
    for (a, b) in zip(exact.classes, rounded.classes) {
      signal += Double(a * a)
      noise += Double((a - b) * (a - b))
    }
    for (a, b) in zip(exact.best, rounded.best) where a.score > threshold {
      count += 1
      if a.box.overlap(b.box) >= DetectorAgreement.equalOverlap { equalBoxes += 1 }
      if a.query == b.query { equalLabels += 1 }
      let change = Double(abs(a.score - b.score))
      scoreChange += change
      largestScoreChange = max(largestScoreChange, change)
    }
  }
}
