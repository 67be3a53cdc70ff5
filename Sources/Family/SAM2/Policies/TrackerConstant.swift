public import Bytes

/// A constant of a tracker, under the name that its authors gave it.
public enum TrackerConstant: String, Sendable, Hashable, CaseIterable {
  // SAMURAI
  case stableFrames = "stable_frames_threshold"
  case stableIoU = "stable_ious_threshold"
  case objectScore = "min_obj_score_logits"
  case motionWeight = "kf_score_weight"
  case memoryIoU = "memory_bank_iou_threshold"
  case memoryObjectScore = "memory_bank_obj_score_threshold"
  case memoryMotionScore = "memory_bank_kf_score_threshold"
  // DAM4SAM; constants without a name there are named after what they do.
  case interval = "update_delta"
  case recentMemories = "max_ram"
  case distractorMemories = "max_drm"
  case minimumIoU = "drm_iou_threshold"
  case minimumArea = "drm_min_area_ratio"
  case maximumArea = "drm_max_area_ratio"
  case distractorIoU = "drm_box_iou_threshold"

  public var tracker: Tracker {
    switch self {
    case .stableFrames, .stableIoU, .objectScore, .motionWeight, .memoryIoU, .memoryObjectScore,
      .memoryMotionScore:
      .samurai
    case .interval, .recentMemories, .distractorMemories, .minimumIoU, .minimumArea, .maximumArea,
      .distractorIoU:
      .dam4sam
    }
  }

  /// Its value; nil for one that depends on the model.
  public func value(in options: VideoOptions) -> Double? {
    switch self {
    case .stableFrames: Double(options.samurai.stableFrames)
    case .stableIoU: Double(options.samurai.stableIoU)
    case .objectScore: Double(options.samurai.objectScore)
    case .motionWeight: options.samurai.motionWeight.map { Double($0) }
    case .memoryIoU: Double(options.samurai.memoryIoU)
    case .memoryObjectScore: Double(options.samurai.memoryObjectScore)
    case .memoryMotionScore: Double(options.samurai.memoryMotionScore)
    case .interval: Double(options.dam4sam.interval)
    case .recentMemories: Double(options.dam4sam.recentMemories)
    case .distractorMemories: Double(options.dam4sam.distractorMemories)
    case .minimumIoU: Double(options.dam4sam.minimumIoU)
    case .minimumArea: options.dam4sam.minimumArea
    case .maximumArea: options.dam4sam.maximumArea
    case .distractorIoU: options.dam4sam.distractorIoU
    }
  }

  /// Sets this constant to `value` in `options`.
  /// - Throws: `config.value` for a value out of range.
  public func set(_ value: Double, in options: inout VideoOptions) throws(Failure) {
    try check(value)
    switch self {
    case .stableFrames: options.samurai.stableFrames = Int(value)
    case .stableIoU: options.samurai.stableIoU = Float(value)
    case .objectScore: options.samurai.objectScore = Float(value)
    case .motionWeight: options.samurai.motionWeight = Float(value)
    case .memoryIoU: options.samurai.memoryIoU = Float(value)
    case .memoryObjectScore: options.samurai.memoryObjectScore = Float(value)
    case .memoryMotionScore: options.samurai.memoryMotionScore = Float(value)
    case .interval: options.dam4sam.interval = Int(value)
    case .recentMemories: options.dam4sam.recentMemories = Int(value)
    case .distractorMemories: options.dam4sam.distractorMemories = Int(value)
    case .minimumIoU: options.dam4sam.minimumIoU = Float(value)
    case .minimumArea: options.dam4sam.minimumArea = value
    case .maximumArea: options.dam4sam.maximumArea = value
    case .distractorIoU: options.dam4sam.distractorIoU = value
    }
  }

  /// Checks that a value, if there is one, is in range.
  /// - Throws: `config.value`.
  func check(_ value: Double?) throws(Failure) {
    guard let value else { return }
    let isWhole = value.rounded() == value
    guard range.contains(value), isWhole || !isCount else {
      throw Failure(
        .usage, code: "config.value", "\(rawValue) cannot be \(value)",
        hint: "give \(isCount ? "a whole number" : "a number") from \(range.lowerBound) to "
          + "\(range.upperBound)")
    }
  }

  /// Whether only whole numbers make sense.
  private var isCount: Bool {
    switch self {
    case .stableFrames, .interval, .recentMemories, .distractorMemories: true
    case .stableIoU, .objectScore, .motionWeight, .memoryIoU, .memoryObjectScore,
      .memoryMotionScore, .minimumIoU, .minimumArea, .maximumArea, .distractorIoU:
      false
    }
  }

  private var range: ClosedRange<Double> {
    switch self {
    case .stableFrames, .interval: 1...1e6
    case .recentMemories, .distractorMemories: 0...1e6
    case .objectScore, .memoryObjectScore: -1e6...1e6
    case .minimumArea, .maximumArea: 0...1e6
    case .stableIoU, .motionWeight, .memoryIoU, .memoryMotionScore, .minimumIoU, .distractorIoU:
      0...1
    }
  }
}

extension VideoOptions {
  /// CRC-32 of the tracker's constants; 0 for a tracker without any.
  var trackerConstantsChecksum: UInt32 {
    let constants = TrackerConstant.allCases.filter { $0.tracker == tracker }
    guard !constants.isEmpty else { return 0 }
    var checksum = CRC32()
    for constant in constants {
      let bits = (constant.value(in: self) ?? -1).bitPattern
      littleEndianBytes(bits).withUnsafeBytes { checksum.update($0) }
    }
    return checksum.value
  }
}
