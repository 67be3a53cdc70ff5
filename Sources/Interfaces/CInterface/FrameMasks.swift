import Bytes
import CSAM2
import Media
import SAM2

/// The masks of all objects on a frame.
struct FrameMasks: MaskSource {
  private let frame: FrameResult
  private let side: Int
  /// Logits of all objects at once, since objects may exclude each other.
  private let planes = Lazy<[[Float]]>()

  /// `side` is the side of the low-resolution logits.
  init(_ frame: FrameResult, side: Int) { (self.frame, self.side) = (frame, side) }

  var description: sam2_result_info {
    var info = sam2_result_info()
    info.mask_count = Int32(frame.objects.count)
    (info.width, info.height) = (Int32(frame.width), Int32(frame.height))
    info.logits_side = Int32(side)
    info.best = -1
    info.frame = Int64(frame.frame)
    return info
  }

  func description(of index: Int) -> sam2_mask_info {
    let object = frame.objects[index]
    var info = sam2_mask_info.unknown
    info.object = Int64(object.id)
    info.object_score = object.objectScore ?? .nan
    info.measure(mask(index))
    return info
  }

  func mask(_ index: Int) -> BinaryMask {
    BinaryMask(width: frame.width, height: frame.height, logits: logits(index))
  }

  func logits(_ index: Int) -> [Float] { planes.value { frame.logits() }[index] }

  func lowResolutionLogits(_ index: Int) -> [Float] {
    frame.objects[index].lowResolutionLogits.floats()
  }
}
