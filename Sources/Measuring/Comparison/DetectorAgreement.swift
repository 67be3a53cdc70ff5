public import Bytes
public import Calibration
public import Detector
import Glibc
import Media
import SampleScene

/// How closely two detectors agree on pictures: one in floating point, the other rounded.
public struct DetectorAgreement: Sendable {
  /// The pictures both detectors look at.
  public enum Material: Sendable {
    /// Sample scenes with these seeds.
    case scenes([UInt64])
    /// Pictures, and frames of clips.
    case inputs([CalibrationInputs.Item])

    /// The scenes used to measure a detector if nothing was given.
    public static let samples = Material.scenes([1, 2, 3, 4])
  }

  public private(set) var pictureCount = 0
  /// Number of patches whose score in floating point is above the threshold.
  public private(set) var detectionCount = 0
  /// The share of these whose rounded box has an intersection over union of at least 0.95.
  public private(set) var boxAgreement = 1.0
  /// The mean intersection over union of these.
  public private(set) var meanOverlap = 1.0
  /// The share of these whose rounded detection has the same label.
  public private(set) var labelAgreement = 1.0
  /// The mean and the largest change in score among these.
  public private(set) var meanScoreChange = 0.0
  public private(set) var largestScoreChange = 0.0
  /// Signal-to-noise ratio of the class features of all patches, in decibels.
  public private(set) var classSignal = 0.0

  /// Boxes that overlap by at least this much count as equal.
  public static let equalOverlap: Float = 0.95
  /// Objects that are in the sample scenes, and some that are not.
  private static let texts = [
    "a teal hexagon", "an orange blob", "a purple ellipse", "an object", "a photo of a cat",
  ]

  /// Runs both detectors on the pictures of `material`.
  /// - Throws: anything thrown by reading them and the runtime; `detect.text_long` for a tokenizer
  ///   that needs too many tokens.
  public init(
    _ exact: Detector, _ rounded: Detector, on material: Material = .samples,
    threshold: Float = 0.1, progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) throws(Failure) {
    var tally = Tally()
    let queries = (try exact.queries(for: Self.texts), try rounded.queries(for: Self.texts))
    func compare(_ picture: RGBImage) throws(Failure) {
      pictureCount += 1
      tally.add(
        try exact.patches(queries.0, in: picture), try rounded.patches(queries.1, in: picture),
        threshold)
    }
    switch material {
    case .scenes(let seeds):
      for (index, seed) in seeds.enumerated() {
        progress(index, seeds.count)
        try compare(SampleScene(seed: seed).still(width: 512, height: 384).image)
      }
    case .inputs(let items):
      for (index, item) in items.enumerated() {
        progress(index, items.count)
        for picture in try item.pictures() { try compare(picture) }
      }
    }
    take(tally)
  }

  private mutating func take(_ tally: Tally) {
    detectionCount = tally.count
    if tally.count > 0 {
      let count = Double(tally.count)
      boxAgreement = Double(tally.equalBoxes) / count
      meanOverlap = tally.overlap / count
      labelAgreement = Double(tally.equalLabels) / count
      meanScoreChange = tally.scoreChange / count
    }
    largestScoreChange = tally.largestScoreChange
    classSignal = tally.noise > 0 ? 10 * log10(tally.signal / tally.noise) : .infinity
  }
}

private struct Tally {
  var count = 0
  var equalBoxes = 0
  var overlap = 0.0
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
      let shared = a.box.overlap(b.box)
      overlap += Double(shared)
      if shared >= DetectorAgreement.equalOverlap { equalBoxes += 1 }
      if a.query == b.query { equalLabels += 1 }
      let change = Double(abs(a.score - b.score))
      scoreChange += change
      largestScoreChange = max(largestScoreChange, change)
    }
  }
}
