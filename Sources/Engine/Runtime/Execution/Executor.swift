internal import Bytes
internal import CKernels
internal import Graph
internal import Tensors

/// Runs plans: resolves places to pointers and calls kernels, split into tasks for the pool.
///
/// An executor is the working memory of one caller: arena, scratch and threads. Plans and weights
/// are shared. Unsafe pointers are formed here and in the extensions of this type. Every plan is
/// checked when it is planned: shapes by `Graph.bound`, offsets by the planner, and the fit of
/// operands and packed weights by `Step.check`.
///
/// Unchecked: `Program` gives an executor to one caller at a time.
final class Executor: @unchecked Sendable {
  let kernels: UnsafePointer<sam2_kernels>
  /// Kernels of large products, and of attention, in the arithmetic of the program.
  let products: FloatKernels
  let pool: ThreadPool
  /// One arena for all plans: only one runs at a time, and its outputs are stored elsewhere.
  private var arena = AlignedMemory(byteCount: 0)
  private var threadScratch: [AlignedMemory] = []
  private var commonScratch = AlignedMemory(byteCount: 0)
  private var inputs: [UnsafeRawPointer] = []
  private var outputs: [UnsafeMutableRawPointer] = []
  private var bufferOffsets: [Int] = []

  init(kernels: UnsafePointer<sam2_kernels>, arithmetic: FloatArithmetic, threadCount: Int) {
    self.kernels = kernels
    products = FloatKernels(kernels, arithmetic)
    pool = ThreadPool(threadCount: threadCount)
    threadScratch = (0..<pool.threadCount).map { _ in AlignedMemory(byteCount: 0) }
  }

  deinit { pool.shutDown() }

  /// Runs `plan` on inputs in its order, which have 32-bit elements, and writes its outputs, in its
  /// order too.
  ///
  /// `observe` gets the tapped values as they are complete.
  func run(
    _ plan: Plan, inputs tensors: [Tensor], outputs: [UnsafeMutableRawPointer],
    observe: ((ValueID, TappedValue) -> Void)? = nil
  ) {
    arena.grow(to: plan.arenaByteCount)
    for tensor in tensors { inputs.append(tensor.storage.base + tensor.byteOffset) }
    self.outputs.append(contentsOf: outputs)
    bufferOffsets = plan.bufferOffsets
    if let observe, !plan.observations.isEmpty {
      runSteps(of: plan, showing: observe)
    } else if let clock = plan.clock {
      clock.time(plan.steps) { run($0) }
    } else {
      for step in plan.steps { run(step) }
    }
    for (position, output) in plan.outputs.enumerated() {
      let target = outputs[position].assumingMemoryBound(to: Float.self)
      // Most steps wrote the output in place, and constants are shared.
      if pointer(output.view) != UnsafePointer(target) { copyRows(output.view, to: target) }
    }
    inputs.removeAll(keepingCapacity: true)
    self.outputs.removeAll(keepingCapacity: true)
    withExtendedLifetime(tensors) {}
  }

  private func runSteps(of plan: Plan, showing observe: (ValueID, TappedValue) -> Void) {
    var pending = plan.observations[...]
    for done in 0...plan.steps.count {
      while let next = pending.first, next.steps == done {
        pending.removeFirst()
        let view = next.view
        observe(
          next.value,
          TappedValue(shape: view.shape, base: pointer(view), rowStride: view.rowStride))
      }
      if done < plan.steps.count { run(plan.steps[done]) }
    }
  }

  private func run(_ step: Step) {
    switch step.kernel {
    case .single(let kernel): run(kernel, step)
    case .rows(let chain): run(chain, step)
    case .image(let chain): run(chain, step)
    case .attention(let attention): run(attention, step)
    case .tokens(let attention): run(attention, step)
    case .roundTokens(let rounding): run(rounding, step)
    }
  }

  private func run(_ kernel: OperatorKernel, _ step: Step) {
    switch kernel {
    case .linear(let p, let weight): linear(step, p, weight)
    case .quantizedLinear(let p, let weight): quantizedLinear(step, p, weight)
    case .matmulTransposed: matmulTransposed(step)
    case .convolution(let p, let weight, let addsResidual):
      convolution(step, p, weight, addsResidual: addsResidual)
    case .depthwise(let p, let taps): depthwiseConvolution(step, p, taps)
    case .transposedConvolution(let cells): transposedConvolution(step, cells)
    case .layerNorm(let epsilon): layerNorm(step, epsilon)
    case .batchNorm(let epsilon): batchNorm(step, epsilon)
    case .activation(let kind): activate(step, kind)
    case .combine(let combination, let loop): combine(step, combination, loop)
    case .affine(let scale, let offset): affine(step, scale, offset)
    case .rotatePairs(let rotated): rotatePairs(step, rotated: rotated)
    case .dequantize: dequantize(step)
    case .maxPool(let window): maxPool(step, window)
    case .averagePool(let window): averagePool(step, window)
    case .resize(let rows, let columns): resize(step, rows: rows, columns: columns)
    case .windowPartition(let window):
      moveWindows(step, image: step.operands[0].shape, window: window, partition: true)
    case .windowMerge(let window):
      moveWindows(step, image: step.result.shape, window: window, partition: false)
    case .copyRows: copyRows(step.operands[0], to: target(step))
    case .repeat(let loop): `repeat`(step, loop)
    case .transpose(let strides): transpose(step, strides: strides)
    case .concat(let axis): concat(step, axis)
    case .slice(let axis, let start): slice(step, axis, start)
    case .gather: gather(step)
    case .fourierFeatures: fourierFeatures(step)
    case .sineFeatures(let channels, let temperature): sineFeatures(step, channels, temperature)
    case .pixelGrid(let height, let width): pixelGrid(step, height, width)
    case .sineGrid(let height, let width, let channels, let temperature):
      sineGrid(step, height, width, channels, temperature)
    case .rotaryTable(let p): rotaryTable(step, p)
    case .fill(let value): fill(step, value)
    }
  }

  // MARK: Pointers

  func pointer(_ view: View) -> UnsafePointer<Float> {
    let base: UnsafeRawPointer =
      switch view.place {
      case .buffer(let buffer): UnsafeRawPointer(arena.base + bufferOffsets[buffer])
      case .input(let position): inputs[position]
      case .output(let position): UnsafeRawPointer(outputs[position])
      case .fixed(let pointer): pointer
      }
    return base.assumingMemoryBound(to: Float.self) + view.offset
  }

  func integers(_ view: View) -> UnsafePointer<Int32> {
    UnsafeRawPointer(pointer(view)).assumingMemoryBound(to: Int32.self)
  }

  /// The result of a step: always contiguous, in the arena or in an output.
  func target(_ step: Step) -> UnsafeMutablePointer<Float> {
    UnsafeMutablePointer(mutating: pointer(step.result))
  }

  func copyRows(_ view: View, to target: UnsafeMutablePointer<Float>) {
    let (source, columns) = (pointer(view), view.columns)
    if view.isContiguous {
      target.update(from: source, count: view.elementCount)
      return
    }
    for row in 0..<view.rows {
      (target + row * columns).update(from: source + row * view.rowStride, count: columns)
    }
  }

  // MARK: Scratch

  /// Scratch shared by the tasks of the current step.
  ///
  /// Grows once, then stays.
  func sharedScratch(byteCount: Int) -> UnsafeMutableRawPointer {
    commonScratch.grow(to: byteCount)
    return commonScratch.base
  }

  /// Makes sure that each thread has `byteCount` bytes; call before `pool.run`.
  func reserveThreadScratch(byteCount: Int) {
    for scratch in threadScratch { scratch.grow(to: byteCount) }
  }

  func threadScratch(_ worker: Int) -> UnsafeMutableRawPointer { threadScratch[worker].base }

  // MARK: Splitting

  /// Runs `body` on row ranges of about `grain` rows each.
  func forRows(_ rows: Int, grain: Int, _ body: (_ rows: Range<Int>, _ worker: Int) -> Void) {
    let grain = max(1, grain)
    pool.run((rows + grain - 1) / grain) { task, worker in
      body((task * grain)..<min(rows, (task + 1) * grain), worker)
    }
  }
}
