internal import CKernels
internal import Graph

// Axial attention (`Formats/operators.md`): one step rounds the tokens, then each layer attends.

extension Executor {
  /// Query rows of one task.
  private static var axialGrain: Int { 64 }
  /// Tiles of tokens that one task rounds.
  private static var axialTiles: Int { 16 }

  /// Rounds tokens and values into the result.
  func run(_ rounding: TokenRounding, _ step: Step) {
    let (tokens, values) = (step.operands[0], step.operands[1])
    var common = rounding.task
    (common.ldt, common.ldv) = (tokens.rowStride, values.rowStride)
    if rounding.addsCodes { common.ldc = step.operands[2].rowStride }
    let prepared = UnsafeMutableRawPointer(target(step))
    let tiles = kernels.pointee.axial_s8_tiles(&common)
    let tasks = (tiles + Self.axialTiles - 1) / Self.axialTiles
    pool.run(rounding.items * tasks) { index, _ in
      let (item, first) = (index / max(1, tasks), index % max(1, tasks) * Self.axialTiles)
      var task = common
      task.tokens = pointer(tokens) + item * tokens.itemStride
      task.values = pointer(values) + item * values.itemStride
      if rounding.addsCodes {
        let codes = step.operands[2]
        task.codes = pointer(codes) + (codes.shape[0] == 1 ? 0 : item * codes.itemStride)
      }
      task.prepared = prepared + item * rounding.itemBytes
      kernels.pointee.axial_s8_prepare(&task, first, min(tiles, first + Self.axialTiles))
    }
  }

  /// Attends with the queries of operand 0 to the rounded tokens of operand 1.
  func run(_ keys: AxialKeys, of attention: AttentionStep, _ step: Step) {
    guard keys.tokens.tokenCount > 0 else {
      target(step).update(repeating: 0, count: step.result.elementCount)
      return
    }
    let query = step.operands[0]
    var common = keys.tokens.task
    (common.queries, common.ldq, common.ldo) = (query.shape[1], query.rowStride, common.value_depth)
    common.scale = attention.scale
    common.projection = keys.projection.base
    reserveThreadScratch(byteCount: kernels.pointee.axial_s8_workspace_bytes(&common))
    let prepared = UnsafeMutableRawPointer(mutating: UnsafeRawPointer(pointer(step.operands[1])))
    let output = target(step)
    let queryTasks = (common.queries + Self.axialGrain - 1) / Self.axialGrain
    pool.run(keys.tokens.items * queryTasks) { index, worker in
      let (item, first) = (index / queryTasks, index % queryTasks * Self.axialGrain)
      var task = common
      task.prepared = prepared + item * keys.tokens.itemBytes
      task.query = pointer(query) + item * query.itemStride + first * query.rowStride
      task.out = output + (item * common.queries + first) * common.ldo
      task.queries = min(Self.axialGrain, common.queries - first)
      task.workspace = threadScratch(worker)
      kernels.pointee.axial_s8(&task)
    }
  }
}

extension TokenRounding {
  /// A task of the kernels with the sizes, and no pointers yet.
  fileprivate var task: sam2_axial_s8 {
    var task = grid.task(depth: depth, channels: channels)
    (task.value_depth, task.frames, task.rest) = (valueDepth, frames, rest)
    return task
  }
}
