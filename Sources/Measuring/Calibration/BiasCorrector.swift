internal import Bytes
internal import Graph
internal import JSON
internal import Quantizer
internal import Runtime
internal import Tensors

/// Corrects the biases of a graph's int8 products in order, each downstream of the already
/// quantised and corrected ones.
///
/// All calls proceed through the graph side by side, one segment at a time, and stop before each
/// product to see its input.
struct BiasCorrector {
  let options: RuntimeOptions

  /// Corrects the products that run in graph `name` of the plan, using recorded `calls` of that
  /// graph.
  func correct(
    _ plan: inout QuantizationPlan, graph name: String, calls: [PipelineRecorder.Call]
  ) throws(Failure) {
    let layers = Set(plan.layers.filter { $0.graph == name }.map(\.weight))
    guard !calls.isEmpty, !layers.isEmpty else { return }
    let exact = try floatMeans(plan.source, name, layers, calls)
    plan.resetCorrections(of: layers)
    let quantized = try plan.quantized(keepsAllProducts: true).model
    guard let graph = quantized.graph(name) else { return }
    var walks: [Walk] = []
    for call in calls { walks.append(try Walk(graph, call)) }
    var weights = quantized.weights
    var means: [ValueID: [Float]] = [:]
    for (index, node) in graph.nodes.enumerated() {
      guard case .quantizedLinear = node.op,
        case .weight(let weight) = graph[node.operands[1]].definition,
        let floatMean = exact[weight]
      else { continue }
      let x = node.operands[0]
      if means[x] == nil {
        means[x] = try roundedMean(of: x, before: index, &walks, weights)
      }
      guard let roundedMean = means[x], roundedMean.count == floatMean.count else { continue }
      plan.correctBias(of: weight, floatMean: floatMean, roundedMean: roundedMean)
      if let (bias, values) = correctedBias(of: node, weight, in: graph, plan) {
        weights.set(bias, values)
      }
    }
  }

  /// The bias of a quantised product with its correction applied; all of them have a bias by now.
  private func correctedBias(
    of node: Graph.Node, _ weight: String, in graph: Graph, _ plan: QuantizationPlan
  ) -> (name: String, values: Tensor)? {
    guard let correction = plan.corrections[weight], node.operands.count > 3,
      case .weight(let name) = graph[node.operands[3]].definition
    else { return nil }
    guard let old = plan.source.weights[name]?.floats() else {
      return (name, Tensor(correction, shape: Shape([correction.count])))
    }
    return (name, Tensor(zip(old, correction).map { $0 + $1 }, shape: Shape([old.count])))
  }

  /// Means of the floating-point inputs of `layers`, by weight.
  private func floatMeans(
    _ model: Model, _ graph: String, _ layers: Set<String>, _ calls: [PipelineRecorder.Call]
  ) throws(Failure) -> [String: [Float]] {
    let recorder = PipelineRecorder(model, weights: layers, callLimit: 0)
    let program = try Program(model, options: options, tap: recorder.tap)
    for call in calls { _ = try program.run(graph, call) }
    return recorder.profile.inputs.mapValues(\.mean)
  }

  /// Runs all calls up to node `index` and returns the mean of `value` after rounding.
  private func roundedMean(
    of value: ValueID, before index: Int, _ walks: inout [Walk], _ weights: WeightTable
  ) throws(Failure) -> [Float] {
    var sums: [Double] = []
    var rowCount = 0
    for walk in walks.indices {
      try walks[walk].advance(to: index, weights: weights, options: options)
      guard let tensor = walks[walk].values[value] else { continue }
      let rows = RoundedRows(tensor)
      if sums.isEmpty { sums = [Double](repeating: 0, count: rows.sums.count) }
      for k in sums.indices { sums[k] += rows.sums[k] }
      rowCount += rows.count
    }
    return sums.map { Float($0 / Double(max(1, rowCount))) }
  }
}

/// One call on its way through a graph.
private struct Walk {
  let graph: Graph
  /// Computed values that are still needed.
  var values: [ValueID: Tensor] = [:]
  private var position = 0

  init(_ graph: Graph, _ call: PipelineRecorder.Call) throws(Failure) {
    let sizes = try graph.bindings(inputShapes: call.mapValues(\.shape.dimensions))
    self.graph = try graph.bound(to: sizes)
    for (name, value) in self.graph.inputs { values[value] = call[name] }
  }

  mutating func advance(
    to index: Int, weights: WeightTable, options: RuntimeOptions
  ) throws(Failure) {
    guard index > position else { return }
    if let segment = try GraphSegment(position..<index, of: graph) {
      var inputs: [String: Tensor] = [:]
      for value in segment.inputs { inputs[GraphSegment.name(value)] = values[value] }
      let model = Model(metadata: .object([]), graphs: [segment.graph], weights: weights)
      let results = try Program(model, options: options).run("segment", inputs)
      for value in segment.outputs { values[value] = results[GraphSegment.name(value)] }
    }
    position = index
    let needed = GraphSegment.neededValues(of: graph, from: index)
    values = values.filter { needed.contains($0.key) }
  }
}

/// Sums over a tensor's rows as a quantised product sees them, using the same rows as
/// `ChannelStatistics`.
private struct RoundedRows {
  var sums: [Double]
  var count = 0

  init(_ tensor: Tensor) {
    let channels = tensor.shape.dimensions.last ?? 1
    var sum = [Float](repeating: 0, count: channels)
    var rounded = sum
    var count = 0
    tensor.floats().withUnsafeBufferPointer { elements in
      let rows = channels == 0 ? 0 : elements.count / channels
      for row in ChannelStatistics.rowIndices(rows) {
        let values = UnsafeBufferPointer(
          rebasing: elements[(row * channels)..<((row + 1) * channels)])
        rounded.withUnsafeMutableBufferPointer { RowQuantizer.roundTrip(values, into: $0) }
        for k in 0..<channels { sum[k] += rounded[k] }
        count += 1
      }
    }
    self.count = count
    sums = sum.map(Double.init)
  }
}
