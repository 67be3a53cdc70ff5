public import Bytes
public import Graph
internal import Synchronization
public import Tensors

/// A model ready to run: graphs are planned and weights packed when first needed, then shared by all
/// callers.
///
/// Any number of threads may call at the same time. Each call takes working memory and threads of
/// its own, which later calls reuse: there are as many as calls ever ran at once. Results do not
/// depend on other calls.
public final class Program: Sendable {
  let plans: PlanCache
  private let table: KernelTable
  private let tap: ActivationTap?
  private let storage: StoragePool
  private let idleExecutors = Guarded<[Executor]>([])
  private let graphTimings = Guarded<[String: GraphTiming]>([:])
  public let graphNames: [String]
  public let kernelLevel: String
  public let arithmetic: FloatArithmetic
  /// Threads of each call.
  public let threadCount: Int

  /// Prepares `model`; `tap` sees the values it asks for in every run.
  ///
  /// Results take their memory from `pool`.
  /// - Throws: `cpu.level` when the requested kernel level is not available.
  public init(
    _ model: Model, options: RuntimeOptions = .init(), tap: ActivationTap? = nil,
    pool: StoragePool = StoragePool()
  ) throws(Failure) {
    let kernels = try KernelTable(level: options.kernelLevel)
    table = options.timesSteps ? kernels.clockingProducts : kernels
    threadCount = max(1, options.threads ?? ProcessorCount.usable)
    (kernelLevel, arithmetic) = (table.name, options.arithmetic)
    graphNames = model.graphs.map(\.name)
    (self.tap, storage) = (tap, pool)
    plans = PlanCache(model, table, options, tapped: tap?.values ?? [:])
  }

  public func hasGraph(_ name: String) -> Bool { graphNames.contains(name) }

  /// Runs one graph.
  ///
  /// Symbols take their sizes from the shapes of the inputs, which are given by name: float32
  /// tensors, int32 for indices.
  ///
  /// - Returns: the graph's outputs by name, float32.
  /// - Throws: `graph.inputs` when a name, shape or type does not fit, `graph.memory` or
  ///   `graph.work` when the call exceeds the budget, `model.weight`, `runtime.weight`.
  public func run(
    _ graph: String, _ inputs: [String: Tensor] = [:]
  ) throws(Failure) -> [String: Tensor] {
    let signature = try plans.signature(of: graph)
    var operands: [Tensor] = []
    operands.reserveCapacity(signature.inputs.count)
    for input in signature.inputs {
      guard let tensor = inputs[input.name] else {
        throw Failure(
          .internalError, code: "graph.inputs",
          "input \(input.name) of type \(input.type) is missing",
          place: "graph \(graph)")
      }
      operands.append(tensor)
    }
    let results = try run(signature, operands)
    var outputs = [String: Tensor](minimumCapacity: results.count)
    for (output, result) in zip(signature.outputs, results) { outputs[output] = result }
    return outputs
  }

  /// Operands and results of one graph by position, resolved once.
  /// - Throws: `model.graph` when there is no such graph, `graph.inputs` when `inputs` are not the
  ///   names of its inputs, `model.output` when it has no such output.
  public func entry(
    _ graph: String, inputs: [String], outputs: [String]
  ) throws(Failure) -> ProgramEntry {
    try ProgramEntry(try plans.signature(of: graph), inputs: inputs, outputs: outputs)
  }

  /// Runs a graph on operands in the order of its entry.
  /// - Returns: the results of the entry, in its order.
  /// - Throws: as `run(_:_:)` by name does.
  public func run(_ entry: ProgramEntry, _ operands: [Tensor]) throws(Failure) -> [Tensor] {
    precondition(operands.count == entry.operandOrder.count, "as many operands as the entry has")
    let results = try run(entry.signature, entry.operandOrder.map { operands[$0] })
    return entry.resultOrder.map { results[$0] }
  }

  /// Runs a graph on operands in the order of its inputs.
  private func run(
    _ signature: GraphSignature, _ operands: [Tensor]
  ) throws(Failure) -> [Tensor] {
    let start = monotonicSeconds()
    let executor = takeExecutor()
    defer { idleExecutors.withLock { $0.append(executor) } }
    let plan = try plans.plan(for: signature.graph, operands, executor)
    // Copied only if an operand is not stored as kernels read it.
    var tensors = operands
    for (index, operand) in operands.enumerated() where !operand.isElement32 {
      tensors[index] = operand.element32
    }
    let memory = plan.outputs.map { output in
      output.view.constant ?? storage.take(output.view.elementCount * 4)
    }
    let observe = tap.map { tap in { tap.receive(signature.graph, $0, $1) } }
    executor.run(plan, inputs: tensors, outputs: memory, observe: observe)
    let results = zip(plan.outputs, memory).map { result($0.view, $1) }
    graphTimings.withLock {
      $0[signature.graph, default: GraphTiming()]
        .add(seconds: monotonicSeconds() - start, plan.work)
    }
    return results
  }

  private func takeExecutor() -> Executor {
    idleExecutors.withLock { $0.popLast() }
      ?? Executor(kernels: table.functions, arithmetic: arithmetic, threadCount: threadCount)
  }

  /// The contents of `view` as a tensor; constants are shared, not copied.
  private func result(_ view: View, _ memory: UnsafeMutableRawPointer) -> Tensor {
    let shape = Shape(view.shape)
    guard view.constant != nil else {
      return Tensor(dtype: .float32, shape: shape, takingOver: memory, of: storage)
    }
    let owner = plans
    return Tensor(
      dtype: .float32, shape: shape,
      wholeOf: ByteStorage(takingOver: memory, byteCount: view.elementCount * 4) { _, _ in
        withExtendedLifetime(owner) {}
      })
  }

  // MARK: Measuring

  /// Calls and seconds of each graph since the program was created.
  public var timings: [String: GraphTiming] { graphTimings.withLock { $0 } }

  /// Size of the largest arena of the graphs that ran so far, in bytes.
  package var arenaByteCount: Int { plans.all.reduce(0) { max($0, $1.arenaByteCount) } }

  /// Executors that exist: as many as calls ran at once.
  package var executorCount: Int { idleExecutors.withLock { $0.count } }

  /// Thread-seconds inside products and attention, of all programs of this process whose options ask
  /// for step timings.
  public static var productSeconds: Double { KernelTable.productSeconds }

  /// Time of each step since the program was created, by graph, in the order of running; empty
  /// unless the options ask for it.
  public var stepTimings: [StepTiming] { plans.all.flatMap(\.timings) }
}

extension Tensor {
  /// Whether the elements are 4-byte aligned and of 32 bits.
  fileprivate var isElement32: Bool {
    (dtype == .int32 || dtype == .float32) && Int(bitPattern: storage.base + byteOffset) % 4 == 0
  }

  /// The same tensor with 4-byte aligned 32-bit elements, as kernels read them.
  fileprivate var element32: Tensor {
    guard dtype == .int32 else { return Tensor(floats(), shape: shape) }
    return Tensor(dtype: .int32, shape: shape) { target in
      withUnsafeBytes { target.copyMemory(from: $0) }
    }
  }
}
