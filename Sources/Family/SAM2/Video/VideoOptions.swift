import Bytes
import SAM2Config

/// Options of a `VideoPredictor`, with the reference's defaults.
///
/// Options left nil are taken from the model; the reference sets them when it builds a predictor.
public struct VideoOptions: Sendable, Hashable {
  /// The policies that choose masks and memories.
  public var tracker = Tracker.sam2
  /// Constants of the tracker `samurai`; the others ignore them.
  public var samurai = SAMURAIOptions()
  /// Constants of the tracker `dam4sam`; the others ignore them.
  public var dam4sam = DAM4SAMOptions()
  /// Leaves out the two memories of a full bank that are most similar to the newest one.
  ///
  /// This leaves less to attend to, as in SurgSAM2; it works with every tracker.
  public var prunesMemory = false
  /// Background specks inside a mask of up to this area, in low-resolution pixels, are filled; 0
  /// keeps them, as the reference does without CUDA.
  public var fillHoleArea = 8
  /// Gives a pixel that several objects claim to the one with the highest logit.
  public var masksDoNotOverlap = false
  /// Forgets what was tracked around a newly annotated frame, because it may be outdated.
  ///
  /// Does what `clear_non_cond_mem_around_input` is documented to do; in the reference it fails.
  public var clearsMemoryAroundInput = false
  /// Treats every corrected frame as a conditioning frame, not only first annotations.
  public var correctionsCondition = false
  /// Number of annotated frames that a tracked frame looks back at: at least 2, or -1 for all
  /// (`max_cond_frames_in_attn`).
  public var maxConditioningFrames: Int?
  /// Frames between two memories of tracked frames: `memory_temporal_stride_for_eval`.
  public var memoryStride: Int?
  /// Whether tracking chooses among three candidates: `multimask_output_for_tracking`.
  public var tracksWithMultimask: Bool?
  /// Skips frames that cannot be read while tracking, instead of failing at the first one.
  public var skipsUnreadableFrames = false
  /// Number of frames whose image features are kept: 17 MB each for the published models.
  public var featureCacheCapacity = 2

  public init() {}

  /// `model` with these options applied.
  /// - Throws: `config.value`, `config.unsupported` for an option out of range.
  func applied(to model: ModelConfiguration) throws(Failure) -> ModelConfiguration {
    var configuration = model
    configuration.memory.bank.maxCondFramesInAttn =
      maxConditioningFrames ?? model.memory.bank.maxCondFramesInAttn
    configuration.memory.bank.memoryTemporalStrideForEval =
      memoryStride ?? model.memory.bank.memoryTemporalStrideForEval
    configuration.tracking.multimaskOutputForTracking =
      tracksWithMultimask ?? model.tracking.multimaskOutputForTracking
    try configuration.validate()
    for constant in TrackerConstant.allCases { try constant.check(constant.value(in: self)) }
    return configuration
  }
}
