internal import CKernels
internal import Graph

extension Executor {
  /// Query rows of one call of the kernel: what it lets share a tile of keys.
  private static var queryGrain: Int { 256 }
  /// Tiles of keys that one task prepares.
  private static var tileGrain: Int { 8 }

  /// `attention` in int8 (`Formats/quantization.md`).
  ///
  /// Small problems (windows) prepare their keys and values in the thread's scratch and run whole.
  /// Large ones prepare them all first, then split the queries.
  func quantizedAttention(_ step: Step, heads: Int, scale: Float) {
    let operands = attentionOperands(step, heads: heads, scale: scale)
    guard operands.keyCount > 0 else {
      target(step).update(repeating: 0, count: step.result.elementCount)
      return
    }
    guard operands.isSmall else {
      attendGlobally(operands) { _, tiles, _, prepare in prepare(tiles, nil) }
      return
    }
    reserveThreadScratch(byteCount: quantizedScratchBytes(operands))
    forRows(operands.problems, grain: operands.problemsPerTask) { problems, worker in
      attendQuantized(operands, problems: problems, scratch: threadScratch(worker))
    }
  }

  /// Bytes of scratch for one problem at a time.
  func quantizedScratchBytes(_ operands: AttentionOperands) -> Int {
    let bytes = partBytes(operands)
    return bytes.prepared + bytes.workspace
  }

  /// Runs whole problems, one after the other.
  func attendQuantized(
    _ operands: AttentionOperands, problems: Range<Int>, scratch: UnsafeMutableRawPointer
  ) {
    let (bytes, tiles) = (partBytes(operands), tileCount(operands))
    for problem in problems {
      var task = operands.quantizedTask(problem, queries: 0..<operands.queries)
      task.prepared = scratch
      task.workspace = scratch + bytes.prepared
      kernels.pointee.attention_s8_prepare(&task, 0, tiles)
      kernels.pointee.attention_s8(&task)
    }
  }

  /// Prepares the keys and values of all problems, then splits the queries.
  ///
  /// `body` gets an item and some of its tiles, and hands tiles on to be rounded, from rows of keys of
  /// its own if it has any.
  func attendGlobally(
    _ operands: AttentionOperands,
    preparing body: (
      _ item: Int, _ tiles: Range<Int>, _ worker: Int,
      _ prepare: (Range<Int>, AttentionOperands.Rows?) -> Void
    ) -> Void
  ) {
    let (bytes, tiles) = (partBytes(operands), tileCount(operands))
    let prepared = sharedScratch(byteCount: operands.problems * bytes.prepared)
    let tileTasks = (tiles + Self.tileGrain - 1) / Self.tileGrain
    pool.run(operands.items * tileTasks) { index, worker in
      let (item, first) = (index / tileTasks, index % tileTasks * Self.tileGrain)
      body(item, first..<min(tiles, first + Self.tileGrain), worker) { part, keys in
        for problem in (item * operands.heads)..<((item + 1) * operands.heads) {
          var task = operands.quantizedTask(problem, queries: 0..<0, keys: keys)
          task.prepared = prepared + problem * bytes.prepared
          kernels.pointee.attention_s8_prepare(&task, part.lowerBound, part.upperBound)
        }
      }
    }
    reserveThreadScratch(byteCount: bytes.workspace)
    let grain = Self.queryGrain
    let queryTasks = (operands.queries + grain - 1) / grain
    pool.run(operands.problems * queryTasks) { index, worker in
      let (problem, first) = (index / queryTasks, index % queryTasks * grain)
      var task = operands.quantizedTask(
        problem, queries: first..<min(operands.queries, first + grain))
      task.prepared = prepared + problem * bytes.prepared
      task.workspace = threadScratch(worker)
      kernels.pointee.attention_s8(&task)
    }
  }

  private func tileCount(_ operands: AttentionOperands) -> Int {
    (operands.keyCount + Int(SAM2_KEY_TILE) - 1) / Int(SAM2_KEY_TILE)
  }

  /// Bytes for the prepared keys and values of a problem, and for a call's workspace.
  private func partBytes(
    _ operands: AttentionOperands
  ) -> (prepared: Int, workspace: Int) {
    var task = operands.quantizedTask(0, queries: 0..<0)
    return (
      aligned(kernels.pointee.attention_s8_prepared(&task)),
      aligned(kernels.pointee.attention_s8_workspace(&task))
    )
  }
}
