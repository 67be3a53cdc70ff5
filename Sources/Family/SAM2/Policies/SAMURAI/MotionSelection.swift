import SAM2Config
import Tensors

/// Chooses the mask by the model's predicted IoU and the object's motion together.
///
/// Motion counts after a number of good frames in a row; until then the highest predicted IoU
/// decides, as in the reference. This is SAMURAI's `_forward_sam_heads`, with a filter for each
/// object.
struct MotionSelection: Sendable, Equatable {
  let options: SAMURAIOptions
  let motionWeight: Float
  /// nil until the first candidates are seen.
  private(set) var filter: MotionFilter?
  /// Number of good frames in a row, until motion counts; 0 after a bad one.
  private(set) var stableFrames = 0

  /// Channels of the first stage of Hiera Large.
  private static let largeWidth = 144

  init(_ options: SAMURAIOptions, _ configuration: ModelConfiguration) {
    self.options = options
    let isLarge =
      switch configuration.trunk {
      case .hiera(let hiera): hiera.embedDim >= Self.largeWidth
      case .repvit, .vit: false
      }
    motionWeight = options.motionWeight ?? (isLarge ? 0.15 : 0.25)
  }

  /// Restores what an earlier selection had learned.
  mutating func restore(filter: MotionFilter?, stableFrames: Int) {
    (self.filter, self.stableFrames) = (filter, stableFrames)
  }

  /// The choice among masks 1...3.
  mutating func select(_ candidates: MaskCandidates) -> SelectedMask {
    let best = MaskChoice.best(predictedIoUs: candidates.predictedIoUs)
    guard var motion = filter, stableFrames > 0 else {
      filter = MotionFilter(box(of: best, candidates).measurement)
      stableFrames += 1
      return SelectedMask(candidates: candidates, index: best)
    }
    motion.predict()
    defer { filter = motion }
    guard stableFrames >= options.stableFrames else {
      if candidates.predictedIoUs[best] > options.stableIoU {
        motion.update(box(of: best, candidates).measurement)
        stableFrames += 1
      } else {
        stableFrames = 0
      }
      return SelectedMask(candidates: candidates, index: best)
    }
    let boxes = candidates.predictedIoUs.indices.map { $0 == 0 ? .empty : box(of: $0, candidates) }
    let expected = motion.box
    let fits = boxes.map { $0 == .empty ? 0 : expected.intersectionOverUnion($0) }
    let weight = Double(motionWeight)
    let weighted = zip(fits, candidates.predictedIoUs).map {
      Float(weight * $0 + (1 - weight) * Double($1))
    }
    let index = MaskChoice.best(predictedIoUs: weighted)
    if candidates.predictedIoUs[index] < options.stableIoU {
      stableFrames = 0
    } else {
      motion.update(boxes[index].measurement)
    }
    return SelectedMask(candidates: candidates, index: index, motionScore: Float(fits[index]))
  }

  /// The box of a candidate in pixels of the model's input; empty for an absent object.
  private func box(of index: Int, _ candidates: MaskCandidates) -> CornerBox {
    guard candidates.objectScore > options.objectScore else { return .empty }
    let mask = candidates.logits(index)
    let side = mask.shape[-1] * 4
    return CornerBox(of: MaskPlane.mask(mask, width: side, height: side)) ?? .empty
  }
}
