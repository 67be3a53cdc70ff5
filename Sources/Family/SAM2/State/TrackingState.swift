import Bytes
import Tensors

/// Facts about a predictor that a state file must agree with, and the constants of the format.
///
/// `Formats/tracking-state.md` describes the file.
struct TrackingState: Equatable {
  static let magic = Array("SAM2TRK\0".utf8)
  /// The version that is written.
  static let version: UInt32 = 4
  /// The versions that are read; 2 had neither trackers nor predicted IoUs, 3 neither tracker
  /// constants nor motion scores.
  static let readableVersions: ClosedRange<UInt32> = 2...4

  /// CRC-32 of constants that differ from checkpoint to checkpoint.
  var model: UInt32
  /// Logit side, memory positions, memory channels, pointer channels, input side.
  var sizes: [UInt32]
  /// Width, height, and the number of frames that the video claims to have.
  var video: [Int64]
  var fillHoleArea: Int64
  var choices: UInt8
  /// Stride of the memories, and the limit of conditioning frames.
  var reach: [Int32]
  var tracker: Tracker
  /// CRC-32 of the tracker's constants, each as the bits of a double, in the order of
  /// `TrackerConstant`; 0 for a tracker without any.
  var trackerConstants: UInt32
  /// The policies of an object about which nothing is known yet.
  var policies: TrackingPolicies

  var logitShape: Shape { [Int(sizes[0]), Int(sizes[0])] }
  var memoryShape: Shape { [Int(sizes[1]), Int(sizes[2])] }
  var pointerShape: Shape { [1, Int(sizes[3])] }

  /// Flag bits of a result.
  enum ResultFlag {
    static let hasMemory: UInt8 = 1
    static let hasPredictedIoU: UInt8 = 2
    static let hasMotionScore: UInt8 = 4
  }

  /// How far an interaction script has been played.
  struct ScriptPlace: Equatable {
    /// `InteractionScript.checksum`.
    var script: UInt32
    /// Number of completed actions; the next one may be under way.
    var done: UInt32
  }

  /// The position at which a propagation is to be resumed.
  struct Position {
    var next: Int
    var last: Int
    var isReverse: Bool
    var keepsHistory: Bool
  }
}

extension TrackingState {
  init(of predictor: VideoPredictor) {
    let configuration = predictor.tracker.configuration
    let stages = predictor.model.stages
    var checksum = CRC32()
    for constant in [stages.noMaskDense, stages.memoryPositions] {
      constant.withUnsafeBytes { checksum.update($0) }
    }
    model = checksum.value
    sizes = [
      configuration.maskSide, configuration.memoryTokens.count,
      configuration.memory.dim, configuration.dModel, configuration.imageSize,
    ].map { UInt32($0) }
    video = [predictor.width, predictor.height, predictor.tracker.frameCount].map { Int64($0) }
    let options = predictor.options
    fillHoleArea = Int64(options.fillHoleArea)
    choices =
      (options.masksDoNotOverlap ? 1 : 0) | (options.clearsMemoryAroundInput ? 2 : 0)
      | (options.correctionsCondition ? 4 : 0)
      | (configuration.tracking.multimaskOutputForTracking ? 8 : 0)
      | (options.prunesMemory ? 16 : 0)
    reach = [
      configuration.memory.bank.memoryTemporalStrideForEval,
      configuration.memory.bank.maxCondFramesInAttn,
    ]
    .map { Int32(clamping: $0) }
    tracker = options.tracker
    trackerConstants = options.trackerConstantsChecksum
    policies = TrackingPolicies(options, configuration)
  }
}
