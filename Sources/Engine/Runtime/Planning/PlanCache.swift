internal import Bytes
internal import Graph
internal import Synchronization
internal import Tensors

/// The plans of a model and the constants that they share, for all callers of a program.
///
/// One caller plans at a time; plans run outside the lock.
final class PlanCache: Sendable {
  private let state: Guarded<State>
  private let signatures: [String: GraphSignature]
  private let options: RuntimeOptions
  private let tapped: [String: Set<ValueID>]

  /// Plans kept per graph; a tracking job needs about thirty.
  private static let planLimit = 256

  init(
    _ model: Model, _ table: KernelTable, _ options: RuntimeOptions,
    tapped: [String: Set<ValueID>]
  ) {
    (self.options, self.tapped) = (options, tapped)
    signatures = Dictionary(
      model.graphs.map { ($0.name, GraphSignature($0)) }, uniquingKeysWith: { _, last in last })
    state = Guarded(State(model, table, options.arithmetic))
  }

  private struct State: ~Copyable {
    let graphs: [String: Graph]
    let constants: ConstantPool
    var foldable: [String: [Bool]] = [:]
    /// By graph, one per distinct set of input shapes.
    var plans: [String: [Plan]] = [:]

    init(_ model: Model, _ table: KernelTable, _ arithmetic: FloatArithmetic) {
      graphs = Dictionary(
        model.graphs.map { ($0.name, $0) }, uniquingKeysWith: { _, last in last })
      constants = ConstantPool(
        weights: model.weights, kernels: table.functions, arithmetic: arithmetic)
    }
  }

  /// - Throws: `model.graph` when the model has no graph called `name`.
  func signature(of name: String) throws(Failure) -> GraphSignature {
    guard let signature = signatures[name] else {
      throw Failure(.badInput, code: "model.graph", "the model has no graph called \(name)")
    }
    return signature
  }

  /// All plans, by graph.
  var all: [Plan] {
    state.withLock { state in state.plans.sorted { $0.key < $1.key }.flatMap(\.value) }
  }

  /// The plan of a graph for operands in the order of its inputs; `executor` packs and folds if
  /// there is none yet.
  func plan(
    for graph: String, _ operands: [Tensor], _ executor: Executor
  ) throws(Failure) -> Plan {
    try state.withLock { (state) throws(Failure) in
      let known = state.plans[graph]?.first { plan in
        zip(plan.inputs, operands).allSatisfy {
          $0.shape == $1.shape.dimensions && $0.element == $1.dtype.elementType
        }
      }
      if let known { return known }
      return try makePlan(graph, operands, executor, &state)
    }
  }

  private func makePlan(
    _ name: String, _ operands: [Tensor], _ executor: Executor, _ state: inout State
  ) throws(Failure) -> Plan {
    let signature = try signature(of: name)
    guard let graph = state.graphs[name] else {
      throw Failure(.internalError, code: "runtime.plan", "graph \(name) has no definition")
    }
    var shapes: [String: [Int]] = [:]
    for (input, operand) in zip(signature.inputs, operands) {
      guard operand.dtype.elementType == input.type.element else {
        throw Failure(
          .internalError, code: "graph.inputs",
          "input \(input.name) is \(operand.dtype.name), not \(input.type)",
          place: "graph \(name)")
      }
      shapes[input.name] = operand.shape.dimensions
    }
    let sizes = try graph.bindings(inputShapes: shapes)
    let bound = try graph.bound(to: sizes, within: options.budget)
    if state.foldable[name] == nil { try fold(graph, executor, &state) }
    var planner = Planner(
      bound, foldable: state.foldable[name] ?? [], folding: false, fusions: options.fusions,
      constants: state.constants, pool: executor.pool, tapped: tapped[name] ?? [])
    let plan = try planner.plan(timesSteps: options.timesSteps)
    if state.plans[name, default: []].count >= Self.planLimit { state.plans[name] = [] }
    state.plans[name, default: []].append(plan)
    return plan
  }

  /// Runs the nodes that depend on nothing but weights, once, and keeps the values that others need.
  private func fold(
    _ graph: Graph, _ executor: Executor, _ state: inout State
  ) throws(Failure) {
    let foldable = graph.constantNodes
    let constantPart = ConstantFolding.constantPart(graph, foldable: foldable)
    if !constantPart.outputs.isEmpty {
      var planner = Planner(
        constantPart, foldable: foldable, folding: true, fusions: options.fusions,
        constants: state.constants, pool: executor.pool)
      let plan = try planner.plan()
      let memory = plan.outputs.map { AlignedMemory(byteCount: $0.view.elementCount * 4) }
      executor.run(plan, inputs: [], outputs: memory.map(\.base))
      var folded: [ValueID: AlignedMemory] = [:]
      for (output, memory) in zip(plan.outputs, memory) {
        if let index = Int(output.name) { folded[ValueID(index)] = memory }
      }
      state.constants.setFolded(graph: graph.name, folded)
    }
    state.foldable[graph.name] = foldable
  }
}
