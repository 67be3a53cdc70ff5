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
    packedKeys(operands).bytes + workspaceBytes(operands)
  }

  /// Runs whole problems, one after the other.
  func attend(
    _ operands: AttentionOperands, problems: Range<Int>, scratch: UnsafeMutableRawPointer
  ) {
    let keys = packedKeys(operands)
    for problem in problems {
      packKeys(operands, problem, panels: 0..<keys.panels, to: scratch)
      var task = operands.floatTask(problem, queries: 0..<operands.queries)
      task.packed_keys = UnsafeRawPointer(scratch)
      task.workspace = scratch + keys.bytes
      products.attend?(&task)
    }
  }

  private func attendGlobally(_ operands: AttentionOperands) {
    let keys = packedKeys(operands)
    let packed = sharedScratch(byteCount: operands.problems * keys.bytes)
    let panelGrain = 16
    let packTasks = (keys.panels + panelGrain - 1) / panelGrain
    pool.run(operands.problems * packTasks) { task, _ in
      let (problem, first) = (task / packTasks, task % packTasks * panelGrain)
      packKeys(
        operands, problem, panels: first..<min(keys.panels, first + panelGrain),
        to: packed + problem * keys.bytes)
    }
    reserveThreadScratch(byteCount: workspaceBytes(operands))
    let grain = Self.queryGrain
    let queryTasks = (operands.queries + grain - 1) / grain
    pool.run(operands.problems * queryTasks) { index, worker in
      let (problem, first) = (index / queryTasks, index % queryTasks * grain)
      var task = operands.floatTask(
        problem, queries: first..<min(operands.queries, first + grain))
      task.packed_keys = UnsafeRawPointer(packed + problem * keys.bytes)
      task.workspace = threadScratch(worker)
      products.attend?(&task)
    }
  }

  /// Panels and bytes of one problem's packed keys.
  private func packedKeys(_ operands: AttentionOperands) -> (panels: Int, bytes: Int) {
    let bytes = products.byteCount(columns: operands.keyCount, depth: operands.headDepth)
    return (products.panels(columns: operands.keyCount), aligned(bytes))
  }

  private func workspaceBytes(_ operands: AttentionOperands) -> Int {
    aligned(
      products.workspaceBytes(
        keyCount: operands.keyCount, headDepth: operands.headDepth,
        valueDepth: operands.valueDepth))
  }

  private func packKeys(
    _ operands: AttentionOperands, _ problem: Int, panels: Range<Int>,
    to packed: UnsafeMutableRawPointer
  ) {
    products.pack(
      operands.keys(problem), stride: operands.keys.stride, columns: operands.keyCount,
      depth: operands.headDepth, panels: panels, to: packed)
  }
}
