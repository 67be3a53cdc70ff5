internal import Bytes
internal import Graph

/// Plans a bound graph: which steps run, where each value is stored, which weights are packed.
///
/// Views (reshapes, slices of channels, broadcasts that change nothing) cost no step.
struct Planner {
  let uses: GraphUses
  let constants: ConstantPool
  /// Threads for packing weights.
  let pool: ThreadPool
  /// Nodes that run as one step.
  let fused: FusionSearch
  private let tapped: Set<ValueID>
  /// The first output of the graph that each value is used for.
  private let outputPositions: [ValueID: Int]

  private var views: [View?]
  /// Buffer that holds a value, if it is computed into the arena.
  private var buffers: [Int?]
  private var memory = MemoryPlanner()
  private(set) var steps: [Step] = []
  private var observations: [Plan.Observation] = []
  /// Rounded tokens of axial attention, which layers with equal keys share.
  var roundedTokens: [RoundedTokensKey: (rounding: TokenRounding, view: View)] = [:]

  var graph: Graph { uses.graph }

  /// Plans a bound graph, in which all sizes are fixed.
  ///
  /// `foldable` nodes depend only on weights: they are folded already, unless `folding`, when only
  /// they are planned. Without `fusions`, each node becomes its own step. Tapped values are
  /// reported if they are computed.
  init(
    _ graph: Graph, foldable: [Bool], folding: Bool, fusions: [Fusion], constants: ConstantPool,
    pool: ThreadPool, tapped: Set<ValueID> = []
  ) {
    (self.constants, self.pool, self.tapped) = (constants, pool, tapped)
    outputPositions = Dictionary(
      graph.outputs.enumerated().map { ($1.value, $0) }, uniquingKeysWith: { first, _ in first })
    views = Array(repeating: nil, count: graph.values.count)
    buffers = Array(repeating: nil, count: graph.values.count)
    let needed = ConstantFolding.neededNodes(graph)
    uses = GraphUses(
      graph, running: graph.nodes.indices.map { needed[$0] && foldable[$0] == folding },
      keeping: tapped)
    var search = FusionSearch(uses, lanes: constants.lanes)
    search.run(fusions)
    fused = search
  }

  /// - Throws: `runtime.weight`, `model.weight`, `graph.outputs`; `runtime.plan` for a state that
  ///   planning excludes.
  mutating func plan(timesSteps: Bool = false) throws(Failure) -> Plan {
    let inputs = graph.inputs
    for (position, input) in inputs.enumerated() {
      views[input.value.index] = View(place: .input(position), shape: sizes(input.value))
      observe(input.value)
    }
    for index in order() {
      if let nodes = fused.found[index] {
        try nodes.plan(&self)
      } else {
        try plan(index)
      }
      observe(graph.nodes[index].result)
    }
    let outputs = try planOutputs()
    writeOver()
    let (offsets, byteCount) = memory.place()
    var work = Work()
    for step in steps {
      try step.check(in: graph)
      work += step.work
    }
    return Plan(
      graph: graph.name, steps: steps,
      inputs: inputs.map {
        Plan.Input(
          name: $0.name, shape: sizes($0.value), element: graph[$0.value].type.element)
      },
      outputs: outputs, bufferOffsets: offsets, arenaByteCount: byteCount,
      observations: observations, clock: timesSteps ? StepClock(stepCount: steps.count) : nil,
      work: work)
  }

  private mutating func planOutputs() throws(Failure) -> [Plan.Output] {
    var outputs: [Plan.Output] = []
    for output in graph.outputs {
      guard graph[output.value].type.element == .float else {
        throw Failure(
          .badInput, code: "graph.outputs",
          "output \(output.name) is \(graph[output.value].type), not float",
          place: "graph \(graph.name)")
      }
      outputs.append(Plan.Output(name: output.name, view: try view(output.value)))
      extend(output.value)
    }
    return outputs
  }

  /// Lets results be written over operands of the same size that nothing reads later.
  private mutating func writeOver() {
    for (index, step) in steps.enumerated() {
      guard let operand = step.overwritten.map({ step.operands[$0] }), operand.isContiguous,
        case .buffer(let former) = operand.place, case .buffer(let later) = step.result.place,
        operand.elementCount == step.result.elementCount
      else { continue }
      memory.write(later, over: former, at: index)
    }
  }

  /// Notes that `value` is complete now, if it is tapped.
  private mutating func observe(_ value: ValueID) {
    guard tapped.contains(value), let view = views[value.index] else { return }
    extend(value)
    observations.append(Plan.Observation(steps: steps.count, value: value, view: view))
  }

  // MARK: Steps

  /// Plans the node at `index` as a view or as a step of its own.
  private mutating func plan(_ index: Int) throws(Failure) {
    let node = graph.nodes[index]
    if let alias = try aliasView(node) {
      views[node.result.index] = alias
      buffers[node.result.index] = buffers[node.operands[0].index]
      return
    }
    if case .axialAttention = node.op { return try planAxialAttention(index) }
    let packed = PackedKind(node.op)?.operands ?? 0..<0
    var operands: [View] = []
    for (position, operand) in node.operands.enumerated() where !packed.contains(position) {
      operands.append(try read(operand))
    }
    append(
      try kernel(index, operands), operands, computing: index, absorbing: [], label: node.label)
  }

  /// Appends a step that computes the result of the node at `end`; `absorbed` are the other nodes
  /// that it covers.
  mutating func append(
    _ kernel: StepKernel, _ operands: [View], computing end: Int, absorbing absorbed: [Int],
    label: String, overwriting overwritten: Int? = nil
  ) {
    var work = Work()
    for index in Set(absorbed + [end]) { work += graph.nodes[index].work(uses) }
    let result = result(of: graph.nodes[end])
    steps.append(
      Step(
        kernel: kernel, operands: operands, result: result, overwritten: overwritten, label: label,
        work: work))
  }

  /// Appends the rounding of the tokens of axial attention, and gives the view of its result.
  mutating func appendRounding(
    _ rounding: TokenRounding, _ key: RoundedTokensKey, label: String
  ) throws(Failure) -> View {
    var operands = [try read(key.tokens), try read(key.values)]
    if let codes = key.codes { operands.append(try read(codes)) }
    let byteCount = rounding.items * rounding.itemBytes
    let buffer = memory.request(byteCount: byteCount, firstStep: steps.count)
    let result = View(place: .buffer(buffer), shape: [byteCount / 4])
    steps.append(
      Step(
        kernel: .roundTokens(rounding), operands: operands, result: result, label: label,
        work: Work()))
    return result
  }

  // MARK: Values

  /// The view of an operand of the next step.
  mutating func read(_ value: ValueID) throws(Failure) -> View {
    extend(value)
    return try view(value)
  }

  /// Appends the view of an operand of the next step, and gives its position.
  mutating func read(_ value: ValueID, _ operands: inout [View]) throws(Failure) -> Int {
    operands.append(try read(value))
    return operands.count - 1
  }

  /// Room for the result of the next step: in the arena, or where the caller gets it.
  private mutating func result(of node: Graph.Node) -> View {
    let shape = sizes(node.result)
    if let output = outputPositions[node.result] {
      let result = View(place: .output(output), shape: shape)
      views[node.result.index] = result
      return result
    }
    let buffer = memory.request(byteCount: shape.reduce(4, *), firstStep: steps.count)
    let result = View(place: .buffer(buffer), shape: shape)
    views[node.result.index] = result
    buffers[node.result.index] = buffer
    return result
  }

  func sizes(_ value: ValueID) -> [Int] { uses.sizes(of: value) }

  /// Keeps the buffer of `value` up to the next step.
  private mutating func extend(_ value: ValueID) {
    if let buffer = buffers[value.index] { memory.extend(buffer, to: steps.count) }
  }

  /// Keeps the buffer of a view up to the next step.
  mutating func extend(_ view: View) {
    if case .buffer(let buffer) = view.place { memory.extend(buffer, to: steps.count) }
  }

  mutating func view(_ value: ValueID) throws(Failure) -> View {
    if let known = views[value.index] { return known }
    let place: Place
    if let name = graph.weightName(value) {
      place = .fixed(try constants.elements(name, graph[value].type.element))
    } else if let constant = constants.folded(graph: graph.name, value) {
      place = .fixed(constant)
    } else {
      throw Failure(
        .internalError, code: "runtime.plan", "value \(value.index) is read before it is computed",
        place: "graph \(graph.name)")
    }
    let view = View(place: place, shape: sizes(value))
    views[value.index] = view
    return view
  }

  /// A state that planning excludes: a bug, reported with the layer.
  func excluded(_ what: String, at index: Int) -> Failure {
    Failure(
      .internalError, code: "runtime.plan", "\(graph.nodes[index].label): \(what)",
      place: "graph \(graph.name)")
  }
}
