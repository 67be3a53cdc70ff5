internal import CKernels
internal import Graph

extension Executor {
  /// Query rows of one call of the kernel.
  private static var queryGrain: Int { 64 }

  /// softmax(scale q k^T) v per batch item and head.
  ///
  /// Small problems (windows) pack their keys in the thread's scratch and run whole. Large ones pack
  /// all keys first, then split the queries.
  func floatAttention(_ attention: AttentionStep, _ step: Step) {
    let operands = attentionOperands(attention, step)
    guard operands.isSmall else {
      attendGlobally(operands)
      return
    }
    reserveThreadScratch(byteCount: scratchBytes(operands))
    forRows(operands.problems, grain: operands.problemsPerTask) { problems, worker in
      attend(operands, problems: problems, scratch: threadScratch(worker))
    }
  }

  /// Bytes of scratch for one problem at a time.
  func scratchBytes(_ operands: AttentionOperands) -> Int {
    aligned(packedKeys(operands).floats * 4) + workspaceBytes(operands)
  }

  /// Runs whole problems, one after the other.
  func attend(
    _ operands: AttentionOperands, problems: Range<Int>, scratch: UnsafeMutableRawPointer
  ) {
    let keys = packedKeys(operands)
    let packed = scratch.assumingMemoryBound(to: Float.self)
    for problem in problems {
      packKeys(operands, problem, panels: 0..<keys.panels, to: packed)
      var task = operands.floatTask(problem, queries: 0..<operands.queries)
      task.packed_keys = UnsafePointer(packed)
      task.workspace = scratch + aligned(keys.floats * 4)
      kernels.pointee.attention_f32(&task)
    }
  }

  private func attendGlobally(_ operands: AttentionOperands) {
    let keys = packedKeys(operands)
    let packed = sharedScratch(byteCount: operands.problems * keys.floats * 4)
      .assumingMemoryBound(to: Float.self)
    let panelGrain = 16
    let packTasks = (keys.panels + panelGrain - 1) / panelGrain
    pool.run(operands.problems * packTasks) { task, _ in
      let (problem, first) = (task / packTasks, task % packTasks * panelGrain)
      packKeys(
        operands, problem, panels: first..<min(keys.panels, first + panelGrain),
        to: packed + problem * keys.floats)
    }
    reserveThreadScratch(byteCount: workspaceBytes(operands))
    let grain = Self.queryGrain
    let queryTasks = (operands.queries + grain - 1) / grain
    pool.run(operands.problems * queryTasks) { index, worker in
      let (problem, first) = (index / queryTasks, index % queryTasks * grain)
      var task = operands.floatTask(
        problem, queries: first..<min(operands.queries, first + grain))
      task.packed_keys = UnsafePointer(packed + problem * keys.floats)
      task.workspace = threadScratch(worker)
      kernels.pointee.attention_f32(&task)
    }
  }

  /// Panels and floats of one problem's packed keys.
  private func packedKeys(_ operands: AttentionOperands) -> (panels: Int, floats: Int) {
    let panel = kernels.pointee.panel_columns_f32
    let panels = (operands.keyCount + panel - 1) / panel
    return (panels, aligned(panels * panel * operands.headDepth, to: 16))
  }

  private func workspaceBytes(_ operands: AttentionOperands) -> Int {
    aligned(
      kernels.pointee.attention_f32_workspace?(
        operands.keyCount, operands.headDepth, operands.valueDepth) ?? 0)
  }

  private func packKeys(
    _ operands: AttentionOperands, _ problem: Int, panels: Range<Int>,
    to packed: UnsafeMutablePointer<Float>
  ) {
    kernels.pointee.pack_f32(
      operands.keys(problem), operands.keys.stride, 1, operands.keyCount, operands.headDepth,
      panels.lowerBound, panels.upperBound, packed)
  }
}
