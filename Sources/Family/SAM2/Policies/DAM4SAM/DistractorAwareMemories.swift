import SAM2Config

/// Remembers recent frames at intervals, and frames on which the decoder offered a look-alike.
///
/// The memory of DAM4SAM in its form for several objects (d4sm): one list that mixes recent
/// memories with those of frames with look-alikes. Only frames on which the object was seen enter
/// it. Annotated frames come before the list. When tracking moves back or reverses, memories of
/// frames ahead of it are forgotten.
struct DistractorAwareMemories: Sendable, Equatable {
  /// A remembered frame.
  struct Element: Sendable, Equatable {
    var frame: Int
    /// Whether a look-alike was seen there: such memories are treated like annotated ones.
    var isDistractor: Bool
  }

  let options: DAM4SAMOptions
  /// In the order of the list, which is not always chronological.
  private(set) var elements: [Element] = []
  /// Frames whose object pointers are kept, oldest first.
  private(set) var pointerFrames: [Int] = []
  /// A frame with a look-alike that enters the list when the next frame is observed.
  private(set) var pending: Int?
  /// Areas of the masks on frames where the object was seen, oldest first.
  private(set) var areas: [Area] = []
  /// The newest frame with a look-alike.
  private(set) var lastDistractor: Int?
  private(set) var isReverse = false

  /// Area of one mask in pixels of the video.
  struct Area: Sendable, Equatable {
    var frame: Int
    var pixels: Int
  }

  /// Number of frames over which the median area is taken.
  private static let areaWindow = 10

  /// Maximum number of memories attended to, including the annotated frame's.
  private let memoryLimit: Int
  /// Number of pointers kept, including the annotated frame's.
  private let pointerLimit: Int

  init(_ options: DAM4SAMOptions, _ configuration: ModelConfiguration) {
    self.options = options
    memoryLimit = configuration.memory.bank.numMaskmem
    pointerLimit = configuration.pointers.maxObjPtrsInEncoder
  }

  /// Restores the saved parts of an earlier selection.
  mutating func restore(
    elements: [Element], pointerFrames: [Int], pending: Int?, areas: [Area], lastDistractor: Int?,
    isReverse: Bool
  ) {
    (self.elements, self.pointerFrames, self.pending) = (elements, pointerFrames, pending)
    (self.areas, self.lastDistractor, self.isReverse) = (areas, lastDistractor, isReverse)
  }

  /// Frames whose results may still be looked at.
  var frames: Set<Int> { Set(elements.map(\.frame) + pointerFrames + [pending].compactMap { $0 }) }

  // MARK: - Looking back

  func plan(_ view: MemoryPlan.View) -> MemoryPlan {
    var past = self
    past.forget(from: view.frame, isReverse: view.isReverse)
    let annotated = Set(view.conditioning)
    let bank = view.configuration.memory.bank
    let elements = past.elements.filter { !annotated.contains($0.frame) }
    var memories = view.conditioning.map {
      MemoryPlan.Memory(frame: $0, source: .conditioning, temporalRow: bank.numMaskmem - 1)
    }
    memories += elements.enumerated().map { index, element in
      // The newest has row 0.
      let row = element.isDistractor ? bank.numMaskmem - 1 : elements.count - index - 1
      return MemoryPlan.Memory(
        frame: element.frame, source: .recent, temporalRow: min(row, bank.numMaskmem - 1))
    }
    let followed = past.pointerFrames.filter { !annotated.contains($0) }
    var pointers = view.pastConditioning.map {
      MemoryPlan.Pointer(frame: $0, source: .conditioning, distance: abs(view.frame - $0))
    }
    let count = pointers.count + followed.count
    pointers += followed.enumerated().map { index, frame in
      MemoryPlan.Pointer(frame: frame, source: .recent, distance: followed.count - index)
    }
    return MemoryPlan(
      memories: memories, pointers: pointers, longestDistance: max(1, count - 1))
  }

  // MARK: - Learning

  /// Records a result, as `DAM4SAMMOT.track` does after the frame is tracked.
  mutating func observe(_ mask: TrackedMask) {
    forget(from: mask.frame, isReverse: mask.isReverse)
    settlePending()
    guard let seen = SeenMask(mask) else { return }
    notePointer(seen.frame)
    noteRecent(seen.frame)
    guard options.distractorMemories > 0 else { return }
    areas.append(Area(frame: seen.frame, pixels: seen.area))
    areas.removeFirst(max(areas.count - Self.areaWindow, 0))
    if isDue(at: seen.frame), mask.selected.predictedIoU > options.minimumIoU, hasUsualArea(seen),
      let overlap = seen.smallestOverlap(), overlap <= options.distractorIoU
    {
      noteDistractor(seen.frame)
    }
  }

  /// Forgets results on frames that tracking has not reached yet, or is about to reach again.
  private mutating func forget(from frame: Int, isReverse: Bool) {
    func isPast(_ other: Int) -> Bool {
      isReverse == self.isReverse && (isReverse ? other > frame : other < frame)
    }
    elements.removeAll { !isPast($0.frame) }
    pointerFrames.removeAll { !isPast($0) }
    areas.removeAll { !isPast($0.frame) }
    if let other = pending, !isPast(other) { pending = nil }
    if let other = lastDistractor, !isPast(other) {
      lastDistractor = elements.last { $0.isDistractor }?.frame
    }
    self.isReverse = isReverse
  }

  /// Replaces the newest memory with that of the pending frame with a look-alike.
  private mutating func settlePending() {
    guard let frame = pending else { return }
    pending = nil
    if elements.isEmpty { return }
    elements[elements.count - 1] = Element(frame: frame, isDistractor: true)
    if distractorCount > options.distractorMemories { removeOldest(isDistractor: true) }
  }

  private mutating func notePointer(_ frame: Int) {
    pointerFrames.append(frame)
    pointerFrames.removeFirst(
      min(max(pointerFrames.count + 1 - pointerLimit, 0), pointerFrames.count))
  }

  /// Adds the newest frame, which replaces the recent one before it unless that is to be kept.
  private mutating func noteRecent(_ frame: Int) {
    let element = Element(frame: frame, isDistractor: false)
    if let last = elements.lastIndex(where: { !$0.isDistractor }),
      elements[last].frame % max(options.interval, 1) != 0
    {
      elements[last] = element
    } else {
      elements.append(element)
    }
    if elements.count - distractorCount > options.recentMemories, isOverfull {
      removeOldest(isDistractor: false)
    }
  }

  private mutating func noteDistractor(_ frame: Int) {
    lastDistractor = frame
    guard elements.last?.frame != frame else {
      pending = frame
      return
    }
    elements.append(Element(frame: frame, isDistractor: true))
    if isOverfull { removeOldest(isDistractor: distractorCount > options.distractorMemories) }
  }

  private func isDue(at frame: Int) -> Bool {
    lastDistractor.map { abs(frame - $0) > options.interval } ?? true
  }

  /// Whether the mask is about as large as recent ones; false for the first, which has none to
  /// compare with.
  private func hasUsualArea(_ seen: SeenMask) -> Bool {
    guard areas.count > 1 else { return false }
    let sorted = areas.map(\.pixels).sorted()
    let middle = Double(sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    let ratio = Double(seen.area) / middle
    return ratio >= options.minimumArea && ratio <= options.maximumArea
  }

  private var distractorCount: Int { elements.count { $0.isDistractor } }

  /// Whether the list and the annotated frame together exceed the bank.
  private var isOverfull: Bool { elements.count + 1 > memoryLimit }

  private mutating func removeOldest(isDistractor: Bool) {
    if let index = elements.firstIndex(where: { $0.isDistractor == isDistractor }) {
      elements.remove(at: index)
    }
  }
}
