import Annotations
import Bytes
import CLISupport
import JSON
import ModelFile

/// What results depend on beside the item itself.
struct BatchSettings: Sendable {
  /// For items that do not say.
  let formats: BatchFormats
  let context: AnnotationContext
  let finish: SegmentFinish
  /// Whether videos go on behind frames that cannot be decoded.
  let toleratesDamage: Bool
  /// Hashes of the model's contents.
  private let model: String

  /// - Throws: what reading the head of the model file refuses.
  init(
    formats: BatchFormatOptions, finish: SegmentFinish, damage: DamageOptions, model: ModelSource
  ) throws(Failure) {
    self.formats = formats.formats
    context = formats.naming.context
    self.finish = finish
    toleratesDamage = damage.toleratesDamage
    self.model = try model.identity()
  }

  /// The first 64 bits of a SHA-256 over item and settings.
  ///
  /// A result of an earlier run counts when this has not changed.
  func digest(of item: JSONValue) -> UInt64 {
    let all: JSONValue = [
      "item": item, "format": .array(formats.names.map { .string($0) }), "model": .string(model),
      "version": .string(Tool.version), "mask_threshold": .number(finish.maskThreshold),
      "max_hole_area": .init(finish.maxHoleArea),
      "max_sprinkle_area": .init(finish.maxSprinkleArea),
      "category": .string(context.category), "image_prefix": .string(context.imagePrefix),
      "polygon_tolerance": .number(context.polygonTolerance),
      "tolerates_damage": .bool(toleratesDamage),
    ]
    let bytes = Array(all.text(.canonical).utf8)
    let storage = ByteStorage(byteCount: bytes.count) { $0.copyBytes(from: bytes) }
    // Sixteen hexadecimal digits are always such a number.
    return UInt64(ModelFile.sha256(of: storage).prefix(16), radix: 16) ?? 0
  }
}
