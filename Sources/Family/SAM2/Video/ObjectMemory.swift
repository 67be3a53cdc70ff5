import Bytes
import SAM2Config
import Tensors

/// The memories that one object attends to on one frame, not yet joined.
struct ObjectMemory: Sendable {
  /// Positions of memories and pointers in time; objects with the same layout attend to them in one
  /// call.
  struct Layout: Hashable, Sendable {
    /// For each memory, its row in the table of temporal codes.
    var temporalRows: [Int] = []
    /// Distance of each pointer in frames.
    var distances: [Int] = []
    /// Distance that counts as 1.
    var longestDistance = 1
  }

  private(set) var layout = Layout()
  /// [h * w, Cm] each, in the order of `layout`.
  private(set) var memories: [Tensor] = []
  /// Object pointers [1, C] each, in the order of `layout`.
  private(set) var pointers: [Tensor] = []

  /// Gathers what `plan` names from the results of `object`.
  /// - Throws: `track.no_conditioning` when there is no annotated frame to look at.
  init(_ plan: MemoryPlan, of object: TrackedObject) throws(Failure) {
    layout.longestDistance = plan.longestDistance
    for entry in plan.memories {
      guard let memory = object.output(entry.source, entry.frame)?.memory else { continue }
      memories.append(memory)
      layout.temporalRows.append(entry.temporalRow)
    }
    guard !memories.isEmpty else {
      throw Failure(
        .usage, code: "track.no_conditioning", "object \(object.id) has no annotated frame left",
        hint: "add points, a box or a mask before correcting other frames")
    }
    for entry in plan.pointers {
      guard let output = object.output(entry.source, entry.frame) else { continue }
      pointers.append(output.pointer)
      layout.distances.append(entry.distance)
    }
  }
}

extension ObjectMemory {
  /// A copy that omits the memories a full bank of `bankSize` can do without.
  func pruned(bankSize: Int) -> ObjectMemory {
    var result = self
    for index in MemoryPruning.redundant(among: memories, bankSize: bankSize).reversed() {
      result.memories.remove(at: index)
      result.layout.temporalRows.remove(at: index)
    }
    return result
  }
}

extension [ObjectMemory] {
  /// Positions of the objects, grouped by layout with at most `limit` per group, in order of
  /// appearance.
  func groups(limit: Int) -> [[Int]] {
    var groups: [[Int]] = []
    for index in indices {
      let fitting = groups.lastIndex {
        $0.count < limit && self[$0[0]].layout == self[index].layout
      }
      if let fitting { groups[fitting].append(index) } else { groups.append([index]) }
    }
    return groups
  }
}
