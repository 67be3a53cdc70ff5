/// Constants of the tracker SAMURAI; the initial values are the published ones.
public struct SAMURAIOptions: Sendable, Hashable {
  /// Frames in a row with good masks after which motion counts: `stable_frames_threshold`.
  public var stableFrames = 15
  /// Predicted IoU below which the filter starts anew: `stable_ious_threshold`.
  public var stableIoU: Float = 0.3
  /// Object score above which the object is shown: `min_obj_score_logits`.
  public var objectScore: Float = -1
  /// Share of motion in the choice among masks, 0...1: `kf_score_weight`.
  ///
  /// By default as published for the model's size: 0.15 for Large, else 0.25.
  public var motionWeight: Float?
  /// A remembered frame has a higher predicted IoU: `memory_bank_iou_threshold`.
  public var memoryIoU: Float = 0.5
  /// A remembered frame has a higher object score: `memory_bank_obj_score_threshold`.
  public var memoryObjectScore: Float = 0
  /// A remembered frame fits the object's motion better: `memory_bank_kf_score_threshold`.
  public var memoryMotionScore: Float = 0

  public init() {}
}
