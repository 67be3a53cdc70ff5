import SAM2Config

/// Which frames a tracked frame looks back at: indices only, so that the rules can be tested on
/// their own.
///
/// `_prepare_memory_conditioned_features` of the reference, unless stated otherwise.
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
    /// Row in the table of temporal codes.
    var temporalRow: Int
  }

  /// A frame whose object pointer is attended to.
  struct Pointer: Sendable, Hashable {
    var frame: Int
    var source: Source
    /// Distance in frames to the current one; when signed, negative for frames of the "future".
    var distance: Int
  }

  /// In the order in which they are concatenated.
  private(set) var memories: [Memory] = []
  private(set) var pointers: [Pointer] = []
  /// Distance that counts as 1 in the codes of the pointers.
  let longestDistance: Int

  /// The question to answer: which memories of one object `frame` attends to.
  struct View {
    let frame: Int
    /// The frames with a conditioning result, in order of insertion.
    let conditioning: [Int]
    let frameCount: Int
    let isReverse: Bool
    let configuration: ModelConfiguration

    /// Those of `frames` whose pointers may be looked at.
    func past(_ frames: [Int]) -> [Int] {
      guard configuration.pointers.onlyObjPtrsInThePastForEval else { return frames }
      return frames.filter { isReverse ? $0 >= frame : $0 <= frame }
    }

    var pastConditioning: [Int] { past(conditioning) }
  }

  /// A plan by rules other than the reference's.
  init(memories: [Memory], pointers: [Pointer], longestDistance: Int) {
    (self.memories, self.pointers) = (memories, pointers)
    self.longestDistance = longestDistance
  }

  /// The plan of the reference; `hasRecent` is true for frames with a result that is not a
  /// conditioning one.
  ///
  /// `recentFrame` returns the frame of the memory a given number of steps back, counted from 1;
  /// nil for the reference's rule.
  init(_ view: View, hasRecent: (Int) -> Bool, recentFrame: ((Int) -> Int?)? = nil) {
    let (frame, configuration, isReverse) = (view.frame, view.configuration, view.isReverse)
    let bank = configuration.memory.bank
    let (selected, unselected) = ConditioningFrames.closest(
      to: frame, among: view.conditioning, limit: bank.maxCondFramesInAttn)
    let unselectedSet = Set(unselected)
    func isKept(_ other: Int) -> Bool { hasRecent(other) || unselectedSet.contains(other) }

    longestDistance = max(MemoryPlan.pointerLimit(view.frameCount, configuration) - 1, 1)
    let lastRow = bank.numMaskmem - 1
    memories = selected.map { Memory(frame: $0, source: .conditioning, temporalRow: lastRow) }
    for position in 1..<max(bank.numMaskmem, 1) {
      let steps = bank.numMaskmem - position
      let other =
        if let recentFrame {
          recentFrame(steps)
        } else {
          MemoryPlan.frame(
            lookingBack: steps, from: frame, stride: bank.memoryTemporalStrideForEval,
            isReverse: isReverse)
        }
      guard let other, isKept(other) else { continue }
      memories.append(Memory(frame: other, source: .recent, temporalRow: lastRow - position))
    }

    for other in view.past(selected) {
      let distance =
        configuration.pointers.useSignedTposEncToObjPtrs
        ? (frame - other) * (isReverse ? -1 : 1) : abs(frame - other)
      pointers.append(Pointer(frame: other, source: .conditioning, distance: distance))
    }
    for distance in 1..<max(MemoryPlan.pointerLimit(view.frameCount, configuration), 1) {
      let other = isReverse ? frame + distance : frame - distance
      guard other >= 0, other < view.frameCount else { break }
      guard isKept(other) else { continue }
      pointers.append(Pointer(frame: other, source: .recent, distance: distance))
    }
  }

  /// Limit on the number of pointers: at most as many as the video has frames.
  static func pointerLimit(_ frameCount: Int, _ configuration: ModelConfiguration) -> Int {
    min(frameCount, configuration.pointers.maxObjPtrsInEncoder)
  }

  /// The frame that is `steps` memories back: the previous frame, and before that every
  /// `stride`-th frame of the video.
  static func frame(
    lookingBack steps: Int, from frame: Int, stride: Int, isReverse: Bool
  ) -> Int {
    if steps == 1 { return isReverse ? frame + 1 : frame - 1 }
    // Rounding is towards the past, which is upwards in reverse: floor of the mirrored position.
    let mirrored = isReverse ? -(frame + 2) : frame - 2
    let remainder = ((mirrored % stride) + stride) % stride
    let position = mirrored - remainder - (steps - 2) * stride
    return isReverse ? -position : position
  }

  /// How far back, in frames, any result may be looked at.
  static func horizon(_ configuration: ModelConfiguration) -> Int {
    max(
      configuration.memory.bank.numMaskmem * configuration.memory.bank.memoryTemporalStrideForEval
        + 2,
      configuration.pointers.maxObjPtrsInEncoder)
  }
}
