internal import CKernels
internal import Graph

extension Executor {
  /// Query rows of one call of the kernel: what it lets share a tile of keys.
  private static var queryGrain: Int { 128 }
  /// Tiles of keys that one task prepares.
  private static var tileGrain: Int { 8 }

  /// `attention` in int8 (`Formats/quantization.md`).
  ///
  /// Small problems (windows) prepare their keys and values in the thread's scratch and run whole.
  /// Large ones prepare them all first, then split the queries.
  func quantizedAttention(_ attention: AttentionStep, _ step: Step) {
    let operands = attentionOperands(attention, step)
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

  /// Prepares the keys and values of one item while the queries of the previous one are computed.
  ///
  /// Items are not prepared all at once, because no item needs the keys of another, and together
  /// they would take more memory and cache. Preparation comes last and in small tasks, so that
  /// threads finish together.
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
    let itemBytes = operands.heads * bytes.prepared
    let prepared = sharedScratch(byteCount: min(2, operands.items) * itemBytes)
    reserveThreadScratch(byteCount: bytes.workspace)
    let tileTasks = (tiles + Self.tileGrain - 1) / Self.tileGrain
    let queryTasks = (operands.queries + Self.queryGrain - 1) / Self.queryGrain
    for stage in 0...operands.items {
      let attending = stage > 0 ? operands.heads * queryTasks : 0
      let preparing = stage < operands.items ? tileTasks : 0
      pool.run(attending + preparing) { index, worker in
        if index < attending {
          let problem = (stage - 1) * operands.heads + index / queryTasks
          let first = index % queryTasks * Self.queryGrain
          var task = operands.quantizedTask(
            problem, queries: first..<min(operands.queries, first + Self.queryGrain))
          task.prepared =
            prepared + (stage - 1) % 2 * itemBytes + problem % operands.heads * bytes.prepared
          task.workspace = threadScratch(worker)
          kernels.pointee.attention_s8(&task)
          return
        }
        let first = (index - attending) * Self.tileGrain
        body(stage, first..<min(tiles, first + Self.tileGrain), worker) { part, keys in
          for head in 0..<operands.heads {
            var task = operands.quantizedTask(
              stage * operands.heads + head, queries: 0..<0, keys: keys)
            task.prepared = prepared + stage % 2 * itemBytes + head * bytes.prepared
            kernels.pointee.attention_s8_prepare(&task, part.lowerBound, part.upperBound)
          }
        }
      }
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
      aligned(kernels.pointee.attention_s8_prepared_bytes(&task)),
      aligned(kernels.pointee.attention_s8_workspace_bytes(&task))
    )
  }
}
