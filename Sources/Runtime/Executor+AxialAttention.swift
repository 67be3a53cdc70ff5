internal import CKernels
internal import Graph

extension Executor {
  /// Query rows of one task.
  private static var axialGrain: Int { 64 }
  /// Tiles of tokens that one task prepares.
  private static var axialTiles: Int { 16 }

  /// `axial_attention` (`Formats/operators.md`).
  ///
  /// Tokens and values of one item are rounded while the queries of the one before it are under way.
  /// They stay for the next step, which may want the same.
  func axialAttention(_ step: Step, _ parameters: AxialAttention) {
    guard let projection = step.packed else { return }
    var task = axialTask(step, parameters, projection)
    guard step.operands[1].shape[1] > 0 else {
      target(step).update(repeating: 0, count: step.result.elementCount)
      return
    }
    let items = step.operands[0].shape[0]
    let preparedBytes = aligned(kernels.pointee.axial_s8_prepared(&task))
    if !step.reusesTokens { roundedTokens.grow(to: items * preparedBytes) }
    let prepared = roundedTokens.base
    reserveThreadScratch(byteCount: kernels.pointee.axial_s8_workspace(&task))
    let tiles = kernels.pointee.axial_s8_tiles(&task)
    let tileTasks = (tiles + Self.axialTiles - 1) / Self.axialTiles
    let queryTasks = (task.queries + Self.axialGrain - 1) / Self.axialGrain
    let common = task
    if step.reusesTokens {
      pool.run(items * queryTasks) { index, worker in
        let item = index / queryTasks
        var task = axialItem(common, step, item)
        task.prepared = prepared + item * preparedBytes
        attend(&task, from: index % queryTasks * Self.axialGrain, worker)
      }
      return
    }
    for stage in 0...items {
      let attending = stage > 0 ? queryTasks : 0
      let preparing = stage < items ? tileTasks : 0
      pool.run(attending + preparing) { index, worker in
        let item = index < attending ? stage - 1 : stage
        var task = axialItem(common, step, item)
        task.prepared = prepared + item * preparedBytes
        guard index >= attending else {
          attend(&task, from: index * Self.axialGrain, worker)
          return
        }
        let first = (index - attending) * Self.axialTiles
        kernels.pointee.axial_s8_prepare(&task, first, min(tiles, first + Self.axialTiles))
      }
    }
  }

  private func attend(_ task: inout sam2_axial_s8, from query: Int, _ worker: Int) {
    task.query += query * task.ldq
    task.out += query * task.ldo
    task.queries = min(Self.axialGrain, task.queries - query)
    task.workspace = threadScratch(worker)
    kernels.pointee.axial_s8(&task)
  }

  /// A task with all sizes, of no item yet.
  private func axialTask(
    _ step: Step, _ parameters: AxialAttention, _ projection: PackedWeight
  ) -> sam2_axial_s8 {
    let (query, tokens, values) = (step.operands[0], step.operands[1], step.operands[2])
    var task = AxialGrid(parameters).task(depth: projection.depth, channels: projection.columns)
    (task.ldq, task.ldt, task.ldv) = (query.rowStride, tokens.rowStride, values.rowStride)
    (task.queries, task.value_depth) = (query.shape[1], values.shape[2])
    task.ldo = task.value_depth
    task.scale = parameters.scale
    if step.operands.count > 3 { task.ldc = step.operands[3].rowStride }
    // A bound graph has whole frames: its shapes were checked.
    let rotated = parameters.rotated.fixed ?? 0
    task.frames = rotated / (task.height * task.width)
    task.rest = tokens.shape[1] - rotated
    task.projection = UnsafeRawPointer(projection.memory.base)
    return task
  }

  private func axialItem(_ common: sam2_axial_s8, _ step: Step, _ item: Int) -> sam2_axial_s8 {
    var task = common
    task.query = pointer(step.operands[0]) + item * step.operands[0].itemStride
    task.tokens = pointer(step.operands[1]) + item * step.operands[1].itemStride
    task.values = pointer(step.operands[2]) + item * step.operands[2].itemStride
    if step.operands.count > 3 {
      let codes = step.operands[3]
      task.codes = pointer(codes) + (codes.shape[0] == 1 ? 0 : item * codes.itemStride)
    }
    task.out = target(step) + item * task.queries * task.ldo
    return task
  }
}
