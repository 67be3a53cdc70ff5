/// Constants of the tracker SAMURAI; the initial values are the published ones.
public struct SAMURAIOptions: Sendable, Hashable {
  /// Number of frames in a row with good masks after which motion counts:
  /// `stable_frames_threshold`.
  public var stableFrames = 15
  /// Predicted IoU below which the filter starts afresh: `stable_ious_threshold`.
  public var stableIoU: Float = 0.3
  /// Object score above which the object is shown: `min_obj_score_logits`.
  public var objectScore: Float = -1
  /// Weight of motion in the choice among masks, 0...1: `kf_score_weight`.
  ///
  /// By default, the value published for the model's size: 0.15 for Large, else 0.25.
  public var motionWeight: Float?
  /// Predicted IoU that a remembered frame must exceed: `memory_bank_iou_threshold`.
  public var memoryIoU: Float = 0.5
  /// Object score that a remembered frame must exceed: `memory_bank_obj_score_threshold`.
  public var memoryObjectScore: Float = 0
  /// Motion score that a remembered frame must exceed: `memory_bank_kf_score_threshold`.
  public var memoryMotionScore: Float = 0

  public init() {}
}
