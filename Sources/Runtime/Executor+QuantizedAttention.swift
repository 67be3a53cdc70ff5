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
    let (query, key) = (step.operands[0], step.operands[1])
    guard key.shape[1] > 0 else {
      target(step).update(repeating: 0, count: step.result.elementCount)
      return
    }
    let call = AttentionCall(
      task: sizes(step, heads: heads, scale: scale), heads: heads, queries: query.shape[1])
    if call.queries * key.shape[1] <= 512 * 512 {
      attendWindows(step, call)
    } else {
      attendGlobally(step, call)
    }
  }

  private func sizes(_ step: Step, heads: Int, scale: Float) -> sam2_attention_s8 {
    let (query, key, value) = (step.operands[0], step.operands[1], step.operands[2])
    var task = sam2_attention_s8()
    (task.ldq, task.ldk, task.ldv) = (query.rowStride, key.rowStride, value.rowStride)
    task.ldo = step.result.columns
    task.key_count = key.shape[1]
    task.head_depth = query.shape[2] / heads
    task.value_depth = value.shape[2] / heads
    task.scale = scale
    return task
  }

  private func attendWindows(_ step: Step, _ call: AttentionCall) {
    let bytes = call.scratchBytes(kernels)
    reserveThreadScratch(byteCount: bytes.prepared + bytes.workspace)
    // Tiny problems (a window of 16 tokens) go several to a task.
    let grain = max(1, 65_536 / max(1, call.queries * call.task.key_count))
    forRows(step.operands[0].shape[0] * call.heads, grain: grain) { range, worker in
      let scratch = threadScratch(worker)
      for item in range {
        var task = head(item, of: step, call, queries: 0..<call.queries)
        task.prepared = scratch
        task.workspace = scratch + bytes.prepared
        kernels.pointee.attention_s8_prepare(&task, 0, call.tileCount)
        kernels.pointee.attention_s8(&task)
      }
    }
  }

  private func attendGlobally(_ step: Step, _ call: AttentionCall) {
    let items = step.operands[0].shape[0] * call.heads
    let bytes = call.scratchBytes(kernels)
    let prepared = sharedScratch(byteCount: items * bytes.prepared)
    let tileTasks = (call.tileCount + Self.tileGrain - 1) / Self.tileGrain
    pool.run(items * tileTasks) { index, _ in
      let (item, first) = (index / tileTasks, index % tileTasks * Self.tileGrain)
      var task = head(item, of: step, call, queries: 0..<0)
      task.prepared = prepared + item * bytes.prepared
      kernels.pointee.attention_s8_prepare(
        &task, first, min(call.tileCount, first + Self.tileGrain))
    }
    reserveThreadScratch(byteCount: bytes.workspace)
    let grain = Self.queryGrain
    let queryTasks = (call.queries + grain - 1) / grain
    pool.run(items * queryTasks) { index, worker in
      let (item, first) = (index / queryTasks, index % queryTasks * grain)
      var task = head(item, of: step, call, queries: first..<min(call.queries, first + grain))
      task.prepared = prepared + item * bytes.prepared
      task.workspace = threadScratch(worker)
      kernels.pointee.attention_s8(&task)
    }
  }

  /// The task of one head of one batch item: pointers set, scratch not.
  private func head(
    _ item: Int, of step: Step, _ call: AttentionCall, queries: Range<Int>
  ) -> sam2_attention_s8 {
    let (batch, head) = (item / call.heads, item % call.heads)
    let firstRow = batch * call.queries + queries.lowerBound
    var task = call.task
    task.query =
      pointer(step.operands[0]) + firstRow * task.ldq + head * task.head_depth
    task.keys =
      pointer(step.operands[1]) + batch * task.key_count * task.ldk + head * task.head_depth
    task.values =
      pointer(step.operands[2]) + batch * task.key_count * task.ldv + head * task.value_depth
    task.out = target(step) + firstRow * task.ldo + head * task.value_depth
    task.queries = queries.count
    return task
  }
}

/// What the tasks of a step have in common.
private struct AttentionCall {
  /// Sizes and strides.
  let task: sam2_attention_s8
  let heads: Int
  let queries: Int

  var tileCount: Int {
    (task.key_count + Int(SAM2_KEY_TILE) - 1) / Int(SAM2_KEY_TILE)
  }

  /// Bytes for the prepared keys and values of a head, and for a call's workspace.
  func scratchBytes(
    _ kernels: UnsafePointer<sam2_kernels>
  ) -> (prepared: Int, workspace: Int) {
    var task = task
    return (
      aligned(kernels.pointee.attention_s8_prepared(&task)),
      aligned(kernels.pointee.attention_s8_workspace(&task))
    )
  }
}
