internal import CKernels
internal import Graph

extension Executor {
  /// Query rows of one call of the kernel.
  private static var queryGrain: Int { 64 }

  /// softmax(scale q k^T) v per batch item and head; heads lie side by side in the channels.
  ///
  /// Small problems (windows) pack their keys in the thread's scratch and run whole, one task each.
  /// Large ones pack all keys first, then split the queries.
  func attention(_ step: Step, heads: Int, scale: Float) {
    let shape = AttentionShape(step, heads: heads, panel: kernels.pointee.panel_columns_f32)
    if shape.queries * shape.keys <= 512 * 512 {
      attendWindows(step, shape, scale)
    } else {
      attendGlobally(step, shape, scale)
    }
  }

  private func attendWindows(_ step: Step, _ shape: AttentionShape, _ scale: Float) {
    let packedBytes = aligned(shape.packedFloats * 4)
    reserveThreadScratch(byteCount: packedBytes + workspaceBytes(shape))
    let packedBase = 0
    // Tiny problems (a window of 16 tokens) go several to a task.
    let grain = max(1, 65_536 / max(1, shape.queries * shape.keys))
    forRows(shape.batch * shape.heads, grain: grain) { range, worker in
      let scratch = threadScratch(worker)
      let packed = (scratch + packedBase).assumingMemoryBound(to: Float.self)
      for item in range {
        packKeys(step, shape, item, panels: 0..<shape.panels, to: packed)
        attend(
          step, shape, item, queries: 0..<shape.queries, packed: packed, scale: scale,
          workspace: scratch + packedBytes)
      }
    }
  }

  private func attendGlobally(_ step: Step, _ shape: AttentionShape, _ scale: Float) {
    let items = shape.batch * shape.heads
    let packed = sharedScratch(byteCount: items * shape.packedFloats * 4)
      .assumingMemoryBound(to: Float.self)
    let panelGrain = 16
    let packTasks = (shape.panels + panelGrain - 1) / panelGrain
    pool.run(items * packTasks) { task, _ in
      let (item, first) = (task / packTasks, task % packTasks * panelGrain)
      packKeys(
        step, shape, item, panels: first..<min(shape.panels, first + panelGrain),
        to: packed + item * shape.packedFloats)
    }
    reserveThreadScratch(byteCount: workspaceBytes(shape))
    let grain = Self.queryGrain
    let queryTasks = (shape.queries + grain - 1) / grain
    pool.run(items * queryTasks) { task, worker in
      let (item, first) = (task / queryTasks, task % queryTasks * grain)
      attend(
        step, shape, item, queries: first..<min(shape.queries, first + grain),
        packed: packed + item * shape.packedFloats, scale: scale,
        workspace: threadScratch(worker))
    }
  }

  private func workspaceBytes(_ shape: AttentionShape) -> Int {
    aligned(
      kernels.pointee.attention_f32_workspace?(shape.keys, shape.headDepth, shape.valueDepth) ?? 0)
  }

  private func packKeys(
    _ step: Step, _ shape: AttentionShape, _ item: Int, panels: Range<Int>,
    to packed: UnsafeMutablePointer<Float>
  ) {
    let key = step.operands[1]
    let (batch, head) = (item / shape.heads, item % shape.heads)
    kernels.pointee.pack_f32(
      pointer(key) + batch * key.itemStride + head * shape.headDepth, key.rowStride, 1,
      shape.keys, shape.headDepth, panels.lowerBound, panels.upperBound, packed)
  }

  private func attend(
    _ step: Step, _ shape: AttentionShape, _ item: Int, queries: Range<Int>,
    packed: UnsafePointer<Float>, scale: Float, workspace: UnsafeMutableRawPointer
  ) {
    let (query, value) = (step.operands[0], step.operands[2])
    let (batch, head) = (item / shape.heads, item % shape.heads)
    let outStride = step.result.columns
    var task = sam2_attention_f32()
    task.query =
      pointer(query) + batch * query.itemStride + queries.lowerBound * query.rowStride
      + head * shape.headDepth
    task.ldq = query.rowStride
    task.packed_keys = packed
    task.values = pointer(value) + batch * value.itemStride + head * shape.valueDepth
    task.ldv = value.rowStride
    task.out =
      target(step) + (batch * shape.queries + queries.lowerBound) * outStride
      + head * shape.valueDepth
    task.ldo = outStride
    task.queries = queries.count
    task.key_count = shape.keys
    task.head_depth = shape.headDepth
    task.value_depth = shape.valueDepth
    task.scale = scale
    task.workspace = workspace
    kernels.pointee.attention_f32(&task)
  }
}

/// Sizes of an attention step.
private struct AttentionShape {
  let batch: Int
  let heads: Int
  let queries: Int
  let keys: Int
  let headDepth: Int
  let valueDepth: Int
  /// Panels and floats of one head's packed keys.
  let panels: Int
  let packedFloats: Int

  init(_ step: Step, heads: Int, panel: Int) {
    let (query, key, value) = (step.operands[0], step.operands[1], step.operands[2])
    self.heads = heads
    // Items that share keys and values are one item with the queries of all.
    let isShared = key.isRepeated && value.isRepeated && !query.isRepeated
    batch = isShared ? 1 : query.shape[0]
    queries = isShared ? query.rows : query.shape[1]
    keys = key.shape[1]
    headDepth = query.shape[2] / heads
    valueDepth = value.shape[2] / heads
    panels = (keys + panel - 1) / panel
    packedFloats = aligned(panels * panel * headDepth, to: 16)
  }
}
