public import Bytes
public import Graph
internal import Passes
internal import Tensors

extension QuantizationPlan {
  /// The model with all layers in int8 except those in `fallback`, which maps weights to reasons,
  /// and the decision for each weight.
  ///
  /// With `keepsAllProducts`, attention computes its keys even where it could do without them, so
  /// that each product is a separate node.
  public func quantized(
    fallback: [String: String] = [:], keepsAllProducts: Bool = false
  ) throws(Failure) -> (model: Model, decisions: [Decision]) {
    var matrices: [String: QuantizedMatrix] = [:]
    for layer in layers where fallback[layer.weight] == nil {
      matrices[layer.weight] = layer.matrix
    }
    var graphs: [Graph] = []
    var biases: [String: String] = [:]
    let attention = AttentionRewriting(recipe, returned: fallback.keys)
    for graph in source.graphs {
      var rewrite = Rewrite(plan: self, matrices: matrices, graph)
      var graph = try attention.rewrite(try rewrite.graph())
      if recipe.steps.contains(.axialAttention), !keepsAllProducts {
        graph = try AxialAttentionRewriting.rewrite(graph)
      }
      graphs.append(graph)
      biases.merge(rewrite.correctedBiases) { old, _ in old }
    }
    let (weights, decisions) = weights(
      used: Set(graphs.flatMap(\.weightNames)), matrices, biases, fallback)
    let model = Model(metadata: source.metadata, graphs: graphs, weights: weights)
    try model.verify()
    return (model, decisions)
  }

  private func weights(
    used: Set<String>, _ matrices: [String: QuantizedMatrix], _ biases: [String: String],
    _ fallback: [String: String]
  ) -> (WeightTable, [Decision]) {
    var table = WeightTable()
    var decisions: [Decision] = []
    for name in source.weights.names where used.contains(name) {
      guard let tensor = source.weights[name] else { continue }
      let matrix = matrices[name] ?? stored[name]
      if let matrix {
        let shape = matrices[name] == nil ? tensor.shape : matrix.values.shape
        table.set(name, matrix.values.reshaped(shape))
        table.set(Quantizer.scaleName(name), matrix.scale)
      } else {
        table.set(name, compact(corrected(tensor, by: biases[name])))
      }
      decisions.append(
        decision(
          name, tensor, to: table[name]?.dtype ?? tensor.dtype, matrix,
          scheme: matrices[name] != nil ? .int8 : matrix != nil ? .stored8 : .float,
          reason: fallback[name] ?? kept[name]))
    }
    // Biases added to layers that had none.
    for (bias, layer) in biases.sorted(by: { $0.key < $1.key }) where table[bias] == nil {
      let values = corrections[layer] ?? []
      table.set(bias, Tensor(values, shape: Shape([values.count])))
    }
    return (table, decisions)
  }

  private func corrected(_ bias: Tensor, by layer: String?) -> Tensor {
    guard let correction = layer.flatMap({ corrections[$0] }) else { return bias }
    return Tensor(zip(bias.floats(), correction).map { $0 + $1 }, shape: bias.shape)
  }

  private func decision(
    _ name: String, _ tensor: Tensor, to dtype: DType, _ matrix: QuantizedMatrix?,
    scheme: Decision.Scheme, reason: String?
  ) -> Decision {
    var (low, high) = (Float.infinity, -Float.infinity)
    for value in tensor.floats() {
      low = min(low, value)
      high = max(high, value)
    }
    let layer = scheme == .int8 ? layers.first { $0.weight == name } : nil
    return Decision(
      weight: name, shape: tensor.shape, scheme: scheme, from: tensor.dtype, to: dtype,
      sqnr: matrix?.sqnr, inputSQNR: layer?.inputSQNR, range: low <= high ? low...high : 0...0,
      clip: matrix?.meanClip, zeroChannels: matrix?.zeroChannels ?? 0,
      smoothing: smoothings[name]?.alpha,
      shift: smoothings[name]?.offsets?.reduce(0) { max($0, abs($1)) },
      correction: layer.flatMap { corrections[$0.weight] }?.reduce(0) { max($0, abs($1)) },
      reason: reason)
  }

  /// float16 for matrices and kernels whose values it can hold, float32 for the rest.
  private func compact(_ tensor: Tensor) -> Tensor {
    guard tensor.dtype == .float32, tensor.shape.dimensions.filter({ $0 > 1 }).count > 1 else {
      return tensor
    }
    let largest = tensor.floats().reduce(0) { max($0, abs($1)) }
    let fits = largest < Float(Float16.greatestFiniteMagnitude)
    return fits ? tensor.converted(to: .float16) : tensor
  }
}

/// Puts int8 weights into one graph.
private struct Rewrite {
  let plan: QuantizationPlan
  let matrices: [String: QuantizedMatrix]
  /// Layers, keyed by the bias that holds their correction.
  var correctedBiases: [String: String] = [:]
  private var rewriter: Rewriter
  private var storedWeights: [String: ValueID] = [:]

  init(plan: QuantizationPlan, matrices: [String: QuantizedMatrix], _ graph: Graph) {
    self.plan = plan
    self.matrices = matrices
    rewriter = Rewriter(graph)
  }

  mutating func graph() throws(Failure) -> Graph {
    for node in rewriter.source.nodes {
      guard let position = node.op.storablePosition, node.operands.count > position,
        case .weight(let name) = rewriter.source[node.operands[position]].definition
      else {
        try rewriter.copy(node)
        continue
      }
      if case .linear(let parameters) = node.op, let matrix = matrices[name] {
        try replace(node, parameters, name, matrix)
      } else if let matrix = plan.stored[name] {
        try dequantize(node, name, matrix)
      } else {
        try rewriter.copy(node)
      }
    }
    return try rewriter.finish()
  }

  /// Replaces a node with the product in int8, with the correction in its bias.
  private mutating func replace(
    _ node: Graph.Node, _ parameters: Linear, _ name: String, _ matrix: QuantizedMatrix
  ) throws(Failure) {
    let outputs = Dim(constant: matrix.values.shape[0])
    var parameters = parameters
    var rest = Array(node.operands.dropFirst(2))
    var operands = [
      try rewriter.map(node.operands[0]),
      rewriter.weight(
        name, TensorType(.int8, matrix.values.shape.dimensions.map { Dim(constant: $0) })),
      rewriter.weight(Quantizer.scaleName(name), TensorType(.float, [outputs])),
    ]
    if plan.corrections[name] != nil {
      if parameters.hasBias {
        if case .weight(let bias) = rewriter.source[rest[0]].definition {
          correctedBiases[bias] = name
        }
      } else {
        let bias = name + ".correction"
        correctedBiases[bias] = name
        parameters.hasBias = true
        operands.append(rewriter.weight(bias, TensorType(.float, [outputs])))
      }
    }
    while !rest.isEmpty { operands.append(try rewriter.map(rest.removeFirst())) }
    rewriter.replace(
      node.result,
      with: try rewriter.add(.quantizedLinear(parameters), operands, label: node.label))
  }

  /// Keeps the node, but with a weight that is stored in int8.
  private mutating func dequantize(
    _ node: Graph.Node, _ name: String, _ matrix: QuantizedMatrix
  ) throws(Failure) {
    let weightPosition = node.op.storablePosition ?? 1
    let shape = rewriter.source[node.operands[weightPosition]].type.shape
    if storedWeights[name] == nil {
      storedWeights[name] = try rewriter.add(
        .dequantize,
        [
          rewriter.weight(name, TensorType(.int8, shape)),
          rewriter.weight(
            Quantizer.scaleName(name), TensorType(.float, [Dim(constant: matrix.scale.shape[0])])),
        ], label: name)
    }
    var operands: [ValueID] = []
    for (position, operand) in node.operands.enumerated() {
      if position == weightPosition, let stored = storedWeights[name] {
        operands.append(stored)
      } else {
        operands.append(try rewriter.map(operand))
      }
    }
    rewriter.replace(node.result, with: try rewriter.add(node.op, operands, label: node.label))
  }
}
