import SAM2Config

/// Which frames a tracked frame looks back at: indices only, so that the rules can be tested alone.
///
/// `_prepare_memory_conditioned_features` of the reference.
struct MemoryPlan: Sendable, Equatable {
  /// Where a frame's result is looked up.
  enum Source: Sendable, Hashable {
    case conditioning
    /// Results of tracked frames first, then conditioning frames that were not selected.
    case recent
  }

  /// A frame whose memory is attended to.
  struct Memory: Sendable, Hashable {
    var frame: Int
    var source: Source
    /// Row of the temporal codes.
    var temporalRow: Int
  }

  /// A frame whose object pointer is attended to.
  struct Pointer: Sendable, Hashable {
    var frame: Int
    var source: Source
    /// Frames between it and the current one; negative for frames of the "future" when signed.
    var distance: Int
  }

  /// In the order in which they are concatenated.
  private(set) var memories: [Memory] = []
  private(set) var pointers: [Pointer] = []

  /// Plans for `frame`: `conditioning` are the frames with a conditioning result, in order of
  /// insertion, and `hasRecent` says which frames have another result.
  init(
    frame: Int, conditioning: [Int], hasRecent: (Int) -> Bool, frameCount: Int, isReverse: Bool,
    configuration: ModelConfiguration
  ) {
    let (selected, unselected) = ConditioningFrames.closest(
      to: frame, among: conditioning, limit: configuration.memory.bank.maxCondFramesInAttn)
    let unselectedSet = Set(unselected)
    func isKept(_ other: Int) -> Bool { hasRecent(other) || unselectedSet.contains(other) }

    let lastRow = configuration.memory.bank.numMaskmem - 1
    memories = selected.map { Memory(frame: $0, source: .conditioning, temporalRow: lastRow) }
    for position in 1..<max(configuration.memory.bank.numMaskmem, 1) {
      let other = MemoryPlan.frame(
        lookingBack: configuration.memory.bank.numMaskmem - position, from: frame,
        stride: configuration.memory.bank.memoryTemporalStrideForEval, isReverse: isReverse)
      guard isKept(other) else { continue }
      memories.append(Memory(frame: other, source: .recent, temporalRow: lastRow - position))
    }

    for other in selected {
      if configuration.pointers.onlyObjPtrsInThePastForEval,
        isReverse ? other < frame : other > frame
      {
        continue
      }
      let distance =
        configuration.pointers.useSignedTposEncToObjPtrs
        ? (frame - other) * (isReverse ? -1 : 1) : abs(frame - other)
      pointers.append(Pointer(frame: other, source: .conditioning, distance: distance))
    }
    for distance in 1..<max(MemoryPlan.pointerLimit(frameCount, configuration), 1) {
      let other = isReverse ? frame + distance : frame - distance
      guard other >= 0, other < frameCount else { break }
      guard isKept(other) else { continue }
      pointers.append(Pointer(frame: other, source: .recent, distance: distance))
    }
  }

  /// Pointers by frames: at most as many as the video has frames.
  static func pointerLimit(_ frameCount: Int, _ configuration: ModelConfiguration) -> Int {
    min(frameCount, configuration.pointers.maxObjPtrsInEncoder)
  }

  /// The frame that is `steps` memories back: the previous frame, and before that every
  /// `stride`-th frame of the video.
  static func frame(
    lookingBack steps: Int, from frame: Int, stride: Int, isReverse: Bool
  ) -> Int {
    if steps == 1 { return isReverse ? frame + 1 : frame - 1 }
    // Rounding is towards the past, which in reverse is up: floor of the mirrored position.
    let mirrored = isReverse ? -(frame + 2) : frame - 2
    let remainder = ((mirrored % stride) + stride) % stride
    let position = mirrored - remainder - (steps - 2) * stride
    return isReverse ? -position : position
  }

  /// How far back any result may be looked at, in frames.
  static func horizon(_ configuration: ModelConfiguration) -> Int {
    max(
      configuration.memory.bank.numMaskmem * configuration.memory.bank.memoryTemporalStrideForEval
        + 2,
      configuration.pointers.maxObjPtrsInEncoder)
  }
}
