public import Annotations
import Bytes
public import Detector
import JSON
import JobSupport
import Media
import ModelFile

/// The settings of a batch that affect results, besides the item itself.
public struct BatchSettings: Sendable {
  /// For items that name no formats.
  public let formats: BatchFormats
  public let context: AnnotationContext
  public let finish: SegmentFinish
  public let reading: InputReading
  /// Whether videos continue past frames that cannot be decoded.
  public let toleratesDamage: Bool
  /// Which of a detector's boxes count.
  public let detection: DetectionOptions
  /// Identifies the detector; nil without one.
  private let detector: String?
  /// Identifies the model, for example by hashes of its file's contents.
  private let model: String

  public init(
    formats: BatchFormats, context: AnnotationContext = AnnotationContext(),
    finish: SegmentFinish = SegmentFinish(), reading: InputReading = InputReading(),
    toleratesDamage: Bool = false, model: String, detector: String? = nil,
    detection: DetectionOptions = DetectionOptions()
  ) {
    self.detector = detector
    self.detection = detection
    self.formats = formats
    self.context = context
    self.finish = finish
    self.reading = reading
    self.toleratesDamage = toleratesDamage
    self.model = model
  }

  /// Whether words may be looked for: a script in a file may do so if there is a detector.
  private func dependsOnDetector(_ item: JSONValue) -> Bool {
    item["text"] != nil || detector != nil && item["script"] != nil
      || item["actions"]?.array?.contains { $0["do"]?.string == "detect" } == true
  }

  /// The first 64 bits of a SHA-256 over the item and settings.
  ///
  /// A result of an earlier run is valid if this has not changed.
  func digest(of item: JSONValue) -> UInt64 {
    var all: JSONValue = [
      "item": item, "format": .array(formats.names.map { .string($0) }), "model": .string(model),
      "version": .string(Product.version), "mask_threshold": .number(finish.maskThreshold),
      "max_hole_area": .init(finish.maxHoleArea),
      "max_sprinkle_area": .init(finish.maxSprinkleArea),
      "category": .string(context.category), "image_prefix": .string(context.imagePrefix),
      "polygon_tolerance": .number(context.polygonTolerance),
      "tolerates_damage": .bool(toleratesDamage), "mask_reading": .string(reading.masks.rawValue),
      "sample_range": reading.pictures.sampleRange.json,
    ]
    // Only HQ-SAM models are used with a different refinement.
    if finish.refinement != .added {
      all = ["all": all, "mask_refinement": .string(finish.refinement.rawValue)]
    }
    // Results without words do not depend on the detector.
    if dependsOnDetector(item) {
      all = [
        "all": all, "detector": detector.map { .string($0) } ?? .null,
        "threshold": .init(detection.threshold), "nms": .init(detection.suppression),
        "max_detections": .init(detection.maximumCount),
      ]
    }
    let bytes = all.utf8(.canonical)
    let storage = ByteStorage(byteCount: bytes.count) { $0.copyBytes(from: bytes) }
    // Sixteen hexadecimal digits always form such a number.
    return UInt64(ModelFile.sha256(of: storage).prefix(16), radix: 16) ?? 0
  }
}

extension SampleRange {
  /// A value that distinguishes this one from others.
  fileprivate var json: JSONValue {
    switch self {
    case .full: "full"
    case .automatic: "auto"
    case .values(let values): [.init(Int(values.lowerBound)), .init(Int(values.upperBound))]
    }
  }
}
