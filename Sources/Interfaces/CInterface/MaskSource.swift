import Bytes
import CSAM2
import Media
import Synchronization

/// The masks of a result, computed on demand.
protocol MaskSource: Sendable {
  /// Description of the result, without `struct_size`.
  var description: sam2_result_info { get }
  /// Description of mask `index`, without `struct_size`.
  func description(of index: Int) -> sam2_mask_info
  func mask(_ index: Int) -> BinaryMask
  /// Logits at the size of the picture.
  /// - Throws: `result.no_logits`.
  func logits(_ index: Int) throws(Failure) -> [Float]
  /// - Throws: `result.no_logits`.
  func lowResolutionLogits(_ index: Int) throws(Failure) -> [Float]
}

/// A result held by a C caller.
final class ResultObject: Sendable {
  let masks: any MaskSource
  let notices: CText

  init(_ masks: any MaskSource, notices: [Notice] = []) {
    self.masks = masks
    self.notices = CText(notices.lines)
  }

  /// `index`, if there is such a mask.
  /// - Throws: `argument.value`.
  func index(_ index: Int32) throws(Failure) -> Int {
    let count = Int(masks.description.mask_count)
    guard (0..<count).contains(Int(index)) else {
      throw .argument("there is no mask \(index); the result has \(count)")
    }
    return Int(index)
  }
}

extension [Notice] {
  /// One line per notice.
  var lines: String { map { $0.description + "\n" }.joined() }
}

/// A value that is computed once, when first needed.
final class Lazy<Value: Sendable>: Sendable {
  private let stored = Guarded<Value?>(nil)

  func value(_ compute: @Sendable () -> Value) -> Value {
    stored.withLock { stored in
      if let stored { return stored }
      let value = compute()
      stored = value
      return value
    }
  }
}

extension sam2_mask_info {
  /// A description in which nothing is known yet.
  static var unknown: sam2_mask_info {
    var info = sam2_mask_info()
    info.object = -1
    (info.predicted_iou, info.object_score, info.stability_score) = (.nan, .nan, .nan)
    info.point = (.nan, .nan)
    info.crop = (-1, -1, -1, -1)
    info.box = (-1, -1, -1, -1)
    return info
  }

  /// Takes the area and box from the pixels of `mask`.
  mutating func measure(_ mask: BinaryMask) {
    area = Int64(mask.area)
    if let found = mask.boundingBox { box = found.corners }
  }
}

extension PixelBox {
  var corners: (Int32, Int32, Int32, Int32) {
    (Int32(left), Int32(top), Int32(right), Int32(bottom))
  }
}
