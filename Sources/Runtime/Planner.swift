internal import Bytes
internal import Graph

/// Turns a bound graph into a plan: which steps run, where each value lies, which weights are
/// packed.
///
/// Views (reshapes, slices of channels, broadcasts that change nothing) cost no step.
struct Planner {
  let graph: Graph
  let constants: ConstantPool
  /// Nodes to run; the others are dead, or folded into constants.
  let running: [Bool]
  let users: [[Int]]
  let isOutput: [Bool]
  /// Row chains, image chains and window chains by the position of their end.
  var chains: [Int: ChainPattern] = [:]
  var imageChains: [Int: ImageChainPattern] = [:]
  /// Attention between tokens and cells by the position of its end.
  private(set) var tokenAttentions: [Int: TokenAttentionPattern] = [:]
  var windowChains: [Int: WindowChainPattern] = [:]
  var keyChains: [Int: KeyChainPattern] = [:]
  /// Sums that axial attention makes of its tokens, by the position of the attention.
  var tokenSums: [Int: KeySum] = [:]
  /// What the last axial attention among the steps rounds.
  private var roundedTokens: RoundedTokens?
  /// Convolutions that add a shortcut, by the position of the sum.
  private var shortcuts: [Int: ConvolutionShortcut] = [:]
  /// Nodes that have no step because of chains and sums.
  var absorbed: Set<Int> = []

  private var views: [View?]
  /// Arena request behind a value, if it lies in the arena.
  private var requests: [Int?]
  var memory = MemoryPlanner()
  var steps: [Step] = []
  private let tapped: Set<ValueID>
  private var observations: [(steps: Int, value: ValueID, view: View)] = []

  /// Plans a bound graph, in which all sizes are fixed.
  ///
  /// `foldable` marks the nodes that depend only on weights: they are folded already, unless
  /// `folding`, when only they are planned. Without `fusing` every node is a step of its own. Of
  /// `tapped` values those that are computed are shown.
  init(
    _ graph: Graph, foldable: [Bool], folding: Bool, fusing: Bool, constants: ConstantPool,
    tapped: Set<ValueID> = []
  ) {
    self.graph = graph
    self.constants = constants
    views = Array(repeating: nil, count: graph.values.count)
    requests = Array(repeating: nil, count: graph.values.count)
    let wanted = Planner.neededNodes(graph)
    running = graph.nodes.indices.map { wanted[$0] && foldable[$0] == folding }
    var users = Array(repeating: [Int](), count: graph.values.count)
    for (index, node) in graph.nodes.enumerated() where running[index] {
      for operand in node.operands { users[operand.index].append(index) }
    }
    self.users = users
    var isOutput = Array(repeating: false, count: graph.values.count)
    for output in graph.outputs { isOutput[output.value.index] = true }
    // A tapped value must exist in memory, as an output must.
    for value in tapped { isOutput[value.index] = true }
    self.isOutput = isOutput
    self.tapped = tapped
    guard fusing else { return }
    findImageChains()
    tokenAttentions = TokenAttentionFinder(
      graph: graph, running: running, users: users, isOutput: isOutput,
      lanes: constants.packer.lanes
    ).find()
    absorbed.formUnion(tokenAttentions.values.flatMap(\.absorbed))
    let claimed = absorbed.union(imageChains.keys).union(tokenAttentions.keys)
    var finder = ChainFinder(
      graph, running: running, users: users, isOutput: isOutput, claimed: claimed)
    chains = finder.find()
    for chain in chains.values {
      absorbed.formUnion(chain.absorbed)
      if let norm = chain.norm { absorbed.insert(norm) }
    }
    findWindowChains()
    findKeyChains()
    findTokenSums()
    shortcuts = finder.convolutionShortcuts()
    absorbed.formUnion(shortcuts.values.map(\.convolution))
  }

  /// Nodes that some output depends on.
  static func neededNodes(_ graph: Graph) -> [Bool] {
    var needed = Array(repeating: false, count: graph.nodes.count)
    var values = Set(graph.outputs.map(\.value.index))
    for index in graph.nodes.indices.reversed()
    where values.contains(graph.nodes[index].result.index) {
      needed[index] = true
      for operand in graph.nodes[index].operands { values.insert(operand.index) }
    }
    return needed
  }

  /// - Throws: `runtime.weight`, `model.weight`.
  mutating func plan() throws(Failure) -> Plan {
    let inputs = graph.inputs
    for (position, input) in inputs.enumerated() {
      views[input.value.index] = View(place: .input(position), shape: sizes(input.value))
      observe(input.value)
    }
    for index in order() {
      let node = graph.nodes[index]
      if let chain = chains[index] {
        try plan(chain)
      } else if let chain = imageChains[index] {
        try plan(chain)
      } else if let attention = tokenAttentions[index] {
        try plan(attention)
      } else if let chain = windowChains[index] {
        try plan(chain)
      } else if let chain = keyChains[index] {
        try plan(chain)
      } else if let shortcut = shortcuts[index] {
        try plan(node, shortcut)
      } else {
        try plan(node, tokens: tokenSums[index])
      }
      observe(node.result)
    }
    var outputs: [(name: String, view: View)] = []
    for output in graph.outputs {
      outputs.append((output.name, try view(output.value)))
      extend(output.value, to: steps.count)
    }
    for (index, step) in steps.enumerated() {
      guard let operand = step.overwritten.map({ step.operands[$0] }), operand.isContiguous,
        case .arena(let former) = operand.place, case .arena(let later) = step.result.place,
        operand.elementCount == step.result.elementCount
      else { continue }
      memory.write(later, over: former, at: index)
    }
    let (offsets, byteCount) = memory.place()
    func place(_ view: View) -> View {
      guard case .arena(let request) = view.place else { return view }
      var placed = view
      placed.place = .arena(offsets[request])
      return placed
    }
    for index in steps.indices {
      steps[index].operands = steps[index].operands.map(place)
      steps[index].result = place(steps[index].result)
    }
    return Plan(
      steps: steps,
      inputs: inputs.map { ($0.name, sizes($0.value), graph[$0.value].type.element) },
      outputs: outputs.map { ($0.name, place($0.view)) }, arenaByteCount: byteCount,
      observations: observations.map { ($0.steps, $0.value, place($0.view)) })
  }

  /// Notes that `value` is complete now, if it is tapped.
  private mutating func observe(_ value: ValueID) {
    guard tapped.contains(value), let view = views[value.index] else { return }
    extend(value, to: steps.count)
    observations.append((steps.count, value, view))
  }

  // MARK: One node

  /// With `tokens` the second operand is made in the step, of rows and of codes that come last.
  private mutating func plan(_ node: Graph.Node, tokens: KeySum?) throws(Failure) {
    if let alias = try aliasView(node) {
      views[node.result.index] = alias
      requests[node.result.index] = requests[node.operands[0].index]
      return
    }
    let packedRange = PackedKind(node.op)?.operands ?? 0..<0
    var operands: [View] = []
    for (position, operand) in node.operands.enumerated() where !packedRange.contains(position) {
      operands.append(try read(position == 1 ? tokens?.rows ?? operand : operand))
    }
    if let tokens { operands.append(try read(tokens.codes)) }
    let packed = try constants.packedWeight(for: node, in: graph)
    let result = result(of: node)
    steps.append(
      Step(
        op: node.op, operands: operands, result: result, packed: packed,
        geometry: StepGeometry(node.op, operands: operands, result: result), label: node.label))
    if let rounded = RoundedTokens(node) {
      steps[steps.count - 1].reusesTokens = rounded == roundedTokens
      roundedTokens = rounded
    }
  }

  /// The view of an operand of the next step.
  mutating func read(_ value: ValueID) throws(Failure) -> View {
    extend(value, to: steps.count)
    return try view(value)
  }

  /// Room for what the next step writes: in the arena, or where the caller wants it.
  mutating func result(of node: Graph.Node) -> View {
    let shape = sizes(node.result)
    if let output = graph.outputs.firstIndex(where: { $0.value == node.result }) {
      let result = View(place: .output(output), shape: shape)
      views[node.result.index] = result
      return result
    }
    let request = memory.request(byteCount: shape.reduce(4, *), firstStep: steps.count)
    // Until the arena is laid out, the place holds the number of the request.
    let result = View(place: .arena(request), shape: shape)
    views[node.result.index] = result
    requests[node.result.index] = request
    return result
  }

  func sizes(_ value: ValueID) -> [Int] {
    // A bound graph has only fixed sizes; `Graph.bound` guarantees it.
    graph[value].type.shape.map { $0.fixed ?? 0 }
  }

  private mutating func extend(_ value: ValueID, to step: Int) {
    if let request = requests[value.index] { memory.extend(request, to: step) }
  }

  mutating func view(_ value: ValueID) throws(Failure) -> View {
    if let known = views[value.index] { return known }
    let place: Place
    switch graph[value].definition {
    case .weight(let name): place = .fixed(try elements(name, graph[value].type.element))
    case .node, .input:
      guard let constant = constants.folded(graph: graph.name, value) else {
        throw Failure(
          .internalError, code: "runtime.order", "value \(value.index) has no place",
          place: "graph \(graph.name)")
      }
      place = .fixed(constant)
    }
    let view = View(place: place, shape: sizes(value))
    views[value.index] = view
    return view
  }

  /// Int8 weights that are computed with in float hold integers as floats.
  private func elements(
    _ weight: String, _ element: ElementType
  ) throws(Failure) -> UnsafeRawPointer {
    switch element {
    case .float, .int8: UnsafeRawPointer(try constants.floats(weight))
    case .int32: UnsafeRawPointer(try constants.integers(weight))
    }
  }
}
