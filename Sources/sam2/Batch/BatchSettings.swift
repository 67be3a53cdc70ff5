import Bytes
import CLISupport
import JSON
import ModelFile

/// What results depend on beside the item itself.
struct BatchSettings: Sendable {
  let format: BatchFormat
  let finish: SegmentFinish
  /// Hashes of the model's contents.
  private let model: String

  /// - Throws: what reading the head of the model file refuses.
  init(format: BatchFormat, finish: SegmentFinish, model: ModelSource) throws(Failure) {
    self.format = format
    self.finish = finish
    self.model = try model.identity()
  }

  /// The first 64 bits of a SHA-256 over item and settings.
  ///
  /// A result of an earlier run counts when this has not changed.
  func digest(of item: JSONValue) -> UInt64 {
    let all: JSONValue = [
      "item": item, "format": .string(format.rawValue), "model": .string(model),
      "version": .string(Tool.version), "mask_threshold": .number(finish.maskThreshold),
      "max_hole_area": .init(finish.maxHoleArea),
      "max_sprinkle_area": .init(finish.maxSprinkleArea),
    ]
    let bytes = Array(all.text(.canonical).utf8)
    let storage = ByteStorage(byteCount: bytes.count) { $0.copyBytes(from: bytes) }
    // Sixteen hexadecimal digits are always such a number.
    return UInt64(ModelFile.sha256(of: storage).prefix(16), radix: 16) ?? 0
  }
}
