import Bytes
import DetectorConfig
import Graph

/// Writes the layers of detectors: a graph builder that knows their weights.
///
/// Products, activations and residual sums stay separate nodes, as in the reference; passes fuse
/// them.
struct TowerWriter {
  let configuration: DetectorConfiguration
  let root: String
  private var builder: GraphBuilder
  private let shapes: [String: [Int]]

  init(_ graph: DetectorGraph, _ configuration: DetectorConfiguration) {
    self.configuration = configuration
    builder = GraphBuilder(graph.rawValue)
    let tensors = DetectorTensors(configuration)
    root = tensors.root
    shapes = tensors.shapes
  }

  var graph: Graph { builder.graph }

  // MARK: - Ends

  /// The inputs of the graph, in the order of its interface.
  mutating func inputs(_ graph: DetectorGraph) -> [ValueID] {
    DetectorInterface(configuration).inputs(graph).map { builder.input($0.name, $0.type) }
  }

  mutating func output(_ name: String, _ value: ValueID) { builder.output(name, value) }

  /// The tensor with that name, as in the checkpoint.
  mutating func weight(_ name: String) throws(Failure) -> ValueID {
    guard let shape = shapes[name] else {
      throw Failure(
        .internalError, code: "import.weight", "no tensor is called \(name)",
        place: "graph \(graph.name)")
    }
    return derived(name, shape)
  }

  /// A weight created by the importer.
  mutating func derived(_ name: String, _ shape: [Int]) -> ValueID {
    builder.weight(name, TensorType(.float, shape.map { Dim(constant: $0) }))
  }

  // MARK: - Operators and layers

  mutating func add(_ op: Op, _ operands: ValueID..., label: String) throws(Failure) -> ValueID {
    try builder.add(op, operands, label: label)
  }

  mutating func linear(
    _ x: ValueID, _ path: String, hasBias: Bool = true
  ) throws(Failure) -> ValueID {
    var operands = [x, try weight("\(path).weight")]
    if hasBias { operands.append(try weight("\(path).bias")) }
    return try builder.add(.linear(Linear(hasBias: hasBias)), operands, label: path)
  }

  mutating func norm(_ x: ValueID, _ path: String, _ epsilon: Float) throws(Failure) -> ValueID {
    try add(
      .layerNorm(epsilon: epsilon), x, try weight("\(path).weight"), try weight("\(path).bias"),
      label: path)
  }

  mutating func slice(
    _ x: ValueID, axis: Int, start: Int, count: Int, label: String
  ) throws(Failure) -> ValueID {
    let (start, count) = (Dim(constant: start), Dim(constant: count))
    return try add(.slice(axis: axis, start: start, count: count), x, label: label)
  }

  /// Rows of x divided by their lengths.
  ///
  /// There is no operator for this. LayerNorm of (x, -x), which has mean zero, divides by the root
  /// of |x|^2 / C, so with 1 / sqrt(C) as its weight the first half is x / |x|. The reference adds
  /// 1e-6 to the length; here the same amount is under the root.
  mutating func unitRows(_ x: ValueID, width: Int, label: String) throws(Failure) -> ValueID {
    let channels = [Dim(constant: 2 * width)]
    let axis = builder.type(of: x).shape.count - 1
    let opposite = try add(.affine(scale: -1, offset: 0), x, label: label)
    let both = try add(.concat(axis: axis), x, opposite, label: label)
    let scale = try add(.fill(1 / Float(width).squareRoot(), channels), label: label)
    let zero = try add(.fill(0, channels), label: label)
    let epsilon = Float(1e-12 / Double(width))
    let units = try add(.layerNorm(epsilon: epsilon), both, scale, zero, label: label)
    return try slice(units, axis: axis, start: 0, count: width, label: label)
  }

  /// All layers of a tower; `attention` takes the projected queries, keys and values.
  mutating func layers(
    of x: ValueID, _ path: String, _ tower: DetectorConfiguration.Tower,
    attention: (inout TowerWriter, ValueID, ValueID, ValueID, String) throws(Failure) -> ValueID
  ) throws(Failure) -> ValueID {
    var x = x
    for index in 0..<tower.layers {
      let layer = "\(path).encoder.layers.\(index)"
      let normed = try norm(x, "\(layer).layer_norm1", tower.normEpsilon)
      let query = try linear(normed, "\(layer).self_attn.q_proj")
      let key = try linear(normed, "\(layer).self_attn.k_proj")
      let value = try linear(normed, "\(layer).self_attn.v_proj")
      let attended = try attention(&self, query, key, value, "\(layer).self_attn")
      let projected = try linear(attended, "\(layer).self_attn.out_proj")
      x = try add(.add, x, projected, label: "\(layer).self_attn")
      let hidden = try linear(
        try norm(x, "\(layer).layer_norm2", tower.normEpsilon), "\(layer).mlp.fc1")
      let active = try add(
        .activation(tower.activation.function), hidden, label: "\(layer).mlp.activation_fn")
      x = try add(.add, x, try linear(active, "\(layer).mlp.fc2"), label: "\(layer).mlp")
    }
    return x
  }
}

extension TowerActivation {
  fileprivate var function: Activation {
    switch self {
    case .quickGELU: .quickGelu
    case .gelu: .gelu
    }
  }
}
