import Bytes
import CSAM2
import SAM2

extension sam2_tracker_options {
  static var standard: sam2_tracker_options {
    let values = VideoOptions()
    var options = sam2_tracker_options()
    options.fill_hole_area = Int32(values.fillHoleArea)
    options.tracks_with_multimask = -1
    return options
  }
}

extension VideoOptions {
  /// - Throws: `argument.*`, `config.value`.
  init(_ options: sam2_tracker_options) throws(Failure) {
    self.init()
    tracker = try Tracker(policy: options.policy)
    prunesMemory = try Arguments.flag(options.prunes_memory, "prunes_memory")
    fillHoleArea = try Arguments.number(
      options.fill_hole_area, "fill_hole_area", in: 0...1_000_000)
    masksDoNotOverlap = try Arguments.flag(options.masks_do_not_overlap, "masks_do_not_overlap")
    clearsMemoryAroundInput = try Arguments.flag(
      options.clears_memory_around_input, "clears_memory_around_input")
    correctionsCondition = try Arguments.flag(
      options.corrections_condition, "corrections_condition")
    if options.maximum_conditioning_frames != 0 {
      maxConditioningFrames = try conditioningFrames(options.maximum_conditioning_frames)
    }
    if options.memory_stride != 0 {
      memoryStride = try Arguments.number(options.memory_stride, "memory_stride", in: 1...4096)
    }
    let multimask = try Arguments.number(
      options.tracks_with_multimask, "tracks_with_multimask", in: -1...1)
    if multimask >= 0 { tracksWithMultimask = multimask == 1 }
    try setConstants(options)
  }

  private func conditioningFrames(_ count: Int32) throws(Failure) -> Int {
    guard count == -1 || count >= 2 else {
      throw .argument("maximum_conditioning_frames is \(count), not 2 or more, -1 or 0")
    }
    return Int(count)
  }

  private mutating func setConstants(_ options: sam2_tracker_options) throws(Failure) {
    guard options.constant_count != 0 else { return }
    guard (1...TrackerConstant.allCases.count).contains(options.constant_count) else {
      throw .argument(
        "constant_count is \(options.constant_count), and there are "
          + "\(TrackerConstant.allCases.count) constants")
    }
    guard let names = options.constant_names else { throw .null("constant_names") }
    guard let values = options.constant_values else { throw .null("constant_values") }
    for index in 0..<options.constant_count {
      let name = try Arguments.text(names[index], "name of a constant")
      guard let constant = TrackerConstant(rawValue: name), constant.tracker == tracker else {
        throw .argument(
          "'\(printable(name))' is not a constant of \(tracker.rawValue)",
          hint: "Formats/trackers.md lists them")
      }
      try constant.set(values[index], in: &self)
    }
  }
}

extension Tracker {
  /// The tracker with number `policy` in `sam2_policy`.
  fileprivate init(policy: Int32) throws(Failure) {
    let policies: [sam2_policy: Tracker] = [
      SAM2_POLICY_SAM2: .sam2, SAM2_POLICY_SAMURAI: .samurai, SAM2_POLICY_DAM4SAM: .dam4sam,
    ]
    guard let found = policies.first(where: { $0.key.rawValue == UInt32(bitPattern: policy) })
    else {
      throw .argument("there is no policy \(policy)")
    }
    self = found.value
  }
}
