public import Bytes
internal import Glibc
public import Graph
internal import Synchronization
public import Tensors

/// How a program runs.
public struct RuntimeOptions: Sendable {
  /// Threads to use; nil for one per available processor.
  public var threads: Int?
  /// Kernel level by name (`KernelTable.levelNames`); nil for the best, or `SAM2_ISA`.
  public var kernelLevel: String?
  /// Runs chains of operators as one step.
  ///
  /// Without, the results are the same: of row operators bit for bit, of attention between a few
  /// tokens and an image but for rounding.
  public var fusesSteps = true
  /// Times each step, for `Program.stepTimings`.
  public var timesSteps = false

  public init(threads: Int? = nil, kernelLevel: String? = nil) {
    self.threads = threads
    self.kernelLevel = kernelLevel
  }
}

/// Time spent in one graph.
public struct GraphTiming: Sendable {
  public var calls = 0
  public var seconds = 0.0
  /// Multiply-accumulates of float32 products, and of int8 products.
  public var floatWork = 0.0
  public var int8Work = 0.0

  public init() {}
}

/// A model ready to run: graphs are planned and weights packed when first needed, then reused.
///
/// Calls may come from any thread; they run one after the other.
public final class Program: Sendable {
  private let state: Mutex<State>
  public let graphNames: [String]
  public let kernelLevel: String
  public let threadCount: Int

  /// Prepares `model`; `tap` sees the values it asks for in every run.
  /// - Throws: `cpu.level` when the wished kernel level cannot run here.
  ///
  /// Results take their memory from `pool`.
  public init(
    _ model: Model, options: RuntimeOptions = .init(), tap: ActivationTap? = nil,
    pool: StoragePool = StoragePool()
  ) throws(Failure) {
    let table = try KernelTable(level: options.kernelLevel)
    threadCount = max(1, options.threads ?? sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    kernelLevel = table.name
    graphNames = model.graphs.map(\.name)
    state = Mutex(
      State(model, table, threadCount: threadCount, options, tap: tap, storage: pool))
  }

  public func hasGraph(_ name: String) -> Bool { graphNames.contains(name) }

  /// Runs one graph.
  ///
  /// Symbols take their sizes from the shapes of the inputs.
  ///
  /// Inputs go by name: float32 tensors, int32 for indices.
  ///
  /// - Returns: the graph's outputs by name, float32.
  /// - Throws: `graph.inputs` when a name, shape or type does not fit, `model.weight`.
  public func run(
    _ graph: String, _ inputs: [String: Tensor] = [:]
  ) throws(Failure) -> [String: Tensor] {
    try state.withLock { (state) throws(Failure) in try state.run(graph, inputs) }
  }

  /// Calls and seconds of each graph since the program was made.
  public var timings: [String: GraphTiming] { state.withLock { $0.timings } }

  /// Bytes of the memory that the graphs which ran so far share for what lies between their steps.
  package var arenaByteCount: Int {
    state.withLock { $0.plans.values.joined().reduce(0) { max($0, $1.arenaByteCount) } }
  }

  /// What each step took since the program was made, by graph, in the order in which they run;
  /// empty unless the options ask for it.
  public var stepTimings: [StepTiming] {
    state.withLock { state in
      state.plans.sorted { $0.key < $1.key }.flatMap { graph, plans in
        plans.flatMap { $0.timings(graph: graph) }
      }
    }
  }
}

extension Program {
  /// What the lock protects.
  private struct State: ~Copyable {
    let graphs: [String: Graph]
    let constants: ConstantPool
    let pool: ThreadPool
    let executor: Executor
    let tap: ActivationTap?
    let options: RuntimeOptions
    let storage: StoragePool
    var foldable: [String: [Bool]] = [:]
    /// By graph, one for each set of input shapes that came.
    var plans: [String: [Plan]] = [:]
    var timings: [String: GraphTiming] = [:]

    /// Plans of a graph that are kept; a tracking job needs about thirty.
    static var planLimit: Int { 256 }

    init(
      _ model: Model, _ table: KernelTable, threadCount: Int, _ options: RuntimeOptions,
      tap: ActivationTap?, storage: StoragePool
    ) {
      (self.options, self.tap, self.storage) = (options, tap, storage)
      var graphs: [String: Graph] = [:]
      for graph in model.graphs { graphs[graph.name] = graph }
      self.graphs = graphs
      pool = ThreadPool(threadCount: threadCount)
      executor = Executor(kernels: table.functions, pool: pool)
      constants = ConstantPool(
        weights: model.weights, packer: WeightPacker(kernels: table.functions, pool: pool))
    }

    deinit { pool.shutDown() }

    mutating func run(
      _ name: String, _ inputs: [String: Tensor]
    ) throws(Failure) -> [String: Tensor] {
      guard let graph = graphs[name] else {
        throw Failure(.badInput, code: "model.graph", "the model has no graph called \(name)")
      }
      let start = monotonicSeconds()
      let plan = try plan(for: graph, inputs)
      var outputs = [String: Tensor](minimumCapacity: plan.outputs.count)
      try withPointers(plan, inputs, name) { pointers in
        let observe = tap.map { tap in { tap.receive(name, $0, $1) } }
        let memory = plan.outputs.map { output in
          output.view.constant ?? storage.take(output.view.elementCount * 4)
        }
        executor.run(plan, inputs: pointers, outputs: memory, observe: observe)
        for (output, memory) in zip(plan.outputs, memory) {
          outputs[output.name] = result(output.view, memory)
        }
      }
      count(name, seconds: monotonicSeconds() - start, plan.work)
      return outputs
    }

    /// What `memory` holds as a tensor; constants are shared, not copied.
    private func result(_ view: View, _ memory: UnsafeMutableRawPointer) -> Tensor {
      let shape = Shape(view.shape)
      guard view.constant != nil else {
        return Tensor(dtype: .float32, shape: shape, takingOver: memory, of: storage)
      }
      let owner = ConstantOwner(constants: constants)
      return Tensor(
        dtype: .float32, shape: shape,
        wholeOf: ByteStorage(takingOver: memory, byteCount: view.elementCount * 4) { _, _ in
          withExtendedLifetime(owner) {}
        })
    }

    private mutating func count(_ name: String, seconds: Double, _ work: Work) {
      var timing = timings[name, default: GraphTiming()]
      timing.calls += 1
      timing.seconds += seconds
      timing.floatWork += work.float
      timing.int8Work += work.int8
      timings[name] = timing
    }

    /// Pointers to the inputs in the plan's order, valid inside `body`.
    private func withPointers(
      _ plan: Plan, _ inputs: [String: Tensor], _ name: String,
      _ body: ([UnsafeRawPointer]) -> Void
    ) throws(Failure) {
      var tensors: [Tensor] = []
      tensors.reserveCapacity(plan.inputs.count)
      for input in plan.inputs {
        guard let tensor = inputs[input.name], tensor.dtype.elementType == input.element,
          tensor.shape.dimensions == input.shape
        else {
          throw Failure(
            .internalError, code: "graph.inputs",
            "input \(input.name) must be \(input.element.name)\(input.shape)",
            place: "graph \(name)")
        }
        tensors.append(tensor.element32)
      }
      body(tensors.map { $0.storage.base + $0.byteOffset })
      withExtendedLifetime(tensors) {}
    }

    // MARK: Planning

    private mutating func plan(
      for graph: Graph, _ inputs: [String: Tensor]
    ) throws(Failure) -> Plan {
      // The shapes of the inputs bind every symbol.
      let known = plans[graph.name]?.first { plan in
        plan.inputs.allSatisfy { inputs[$0.name]?.shape.dimensions == $0.shape }
      }
      if let known { return known }
      let sizes = try graph.bindings(inputShapes: inputs.mapValues(\.shape.dimensions))
      if foldable[graph.name] == nil { try fold(graph) }
      var planner = Planner(
        try graph.bound(to: sizes), foldable: foldable[graph.name] ?? [], folding: false,
        fusing: options.fusesSteps, constants: constants,
        tapped: tap?.values[graph.name] ?? [])
      var plan = try planner.plan()
      if options.timesSteps { plan.clock = StepClock(stepCount: plan.steps.count) }
      if plans[graph.name, default: []].count >= Self.planLimit { plans[graph.name] = [] }
      plans[graph.name, default: []].append(plan)
      return plan
    }

    /// Runs the nodes that depend on nothing but weights, once, and keeps what others need.
    private mutating func fold(_ graph: Graph) throws(Failure) {
      let foldable = ConstantFolding.foldableNodes(graph)
      self.foldable[graph.name] = foldable
      let constantPart = ConstantFolding.constantPart(graph, foldable: foldable)
      guard !constantPart.outputs.isEmpty else { return }
      var planner = Planner(
        constantPart, foldable: foldable, folding: true, fusing: options.fusesSteps,
        constants: constants)
      let plan = try planner.plan()
      let memory = plan.outputs.map { AlignedMemory(byteCount: $0.view.elementCount * 4) }
      executor.run(plan, inputs: [], outputs: memory.map(\.base))
      var folded: [ValueID: AlignedMemory] = [:]
      for (output, memory) in zip(plan.outputs, memory) {
        if let index = Int(output.name) { folded[ValueID(index)] = memory }
      }
      constants.setFolded(graph: graph.name, folded)
    }
  }
}

/// Keeps constants as long as a result that is one of them.
///
/// Unchecked: nothing is read through it.
private struct ConstantOwner: @unchecked Sendable {
  let constants: ConstantPool
}

extension View {
  /// Where its elements lie for the life of the program, side by side; nil when they are computed.
  fileprivate var constant: UnsafeMutableRawPointer? {
    guard case .fixed(let base) = place, isContiguous, !isRepeated else { return nil }
    return UnsafeMutableRawPointer(mutating: base + offset * 4)
  }
}

extension Tensor {
  /// The same tensor with 4-byte aligned 32-bit elements, as kernels read them.
  fileprivate var element32: Tensor {
    let isAligned = Int(bitPattern: storage.base + byteOffset) % 4 == 0
    if dtype == .int32 && isAligned { return self }
    if dtype == .float32 && isAligned { return self }
    if dtype == .int32 {
      return Tensor(dtype: .int32, shape: shape) { target in
        withUnsafeBytes { target.copyMemory(from: $0) }
      }
    }
    return Tensor(floats(), shape: shape)
  }
}
