import Bytes
import Graph
import SAM2Config

/// Writes the layers of SAM 2: a graph builder that knows the official weights.
///
/// Products, activations after biases, and sums stay separate nodes, as in the reference; passes
/// fuse them.
struct LayerWriter {
  let configuration: ModelConfiguration
  private var builder: GraphBuilder
  private let shapes: [String: [Int]]

  init(_ name: String, _ configuration: ModelConfiguration, _ tensors: OfficialTensors) {
    self.configuration = configuration
    self.builder = GraphBuilder(name)
    self.shapes = tensors.shapes
  }

  var graph: Graph { builder.graph }

  func shape(of value: ValueID) -> [Dim] { builder.type(of: value).shape }

  // MARK: - Ends

  mutating func input(_ name: String, _ shape: Dim..., element: ElementType = .float) -> ValueID {
    builder.input(name, TensorType(element, shape))
  }

  mutating func output(_ name: String, _ value: ValueID) { builder.output(name, value) }

  /// The official tensor with that name.
  mutating func weight(_ name: String) throws(Failure) -> ValueID {
    guard let shape = shapes[name] else {
      throw Failure(
        .internalError, code: "import.weight", "no official tensor is called \(name)",
        place: "graph \(graph.name)")
    }
    return builder.weight(name, TensorType(.float, shape.map { Dim(constant: $0) }))
  }

  // MARK: - One operator

  mutating func add(
    _ op: Op, _ operands: ValueID..., label: String
  ) throws(Failure) -> ValueID {
    try builder.add(op, operands, label: label)
  }

  mutating func sum(_ a: ValueID, _ b: ValueID, label: String) throws(Failure) -> ValueID {
    try builder.add(.add, [a, b], label: label)
  }

  mutating func reshape(
    _ x: ValueID, _ shape: Dim..., label: String
  ) throws(Failure) -> ValueID {
    try builder.add(.reshape(shape), [x], label: label)
  }

  mutating func broadcast(
    _ x: ValueID, _ shape: Dim..., label: String
  ) throws(Failure) -> ValueID {
    try builder.add(.broadcast(shape), [x], label: label)
  }

  mutating func concat(
    _ parts: [ValueID], axis: Int, label: String
  ) throws(Failure) -> ValueID {
    try builder.add(.concat(axis: axis), parts, label: label)
  }

  mutating func slice(
    _ x: ValueID, axis: Int, start: Int, count: Int, label: String
  ) throws(Failure) -> ValueID {
    let op = Op.slice(axis: axis, start: Dim(constant: start), count: Dim(constant: count))
    return try builder.add(op, [x], label: label)
  }

  mutating func activation(
    _ kind: Activation, _ x: ValueID, label: String
  ) throws(Failure) -> ValueID {
    try builder.add(.activation(kind), [x], label: label)
  }

  // MARK: - One layer

  /// `path.weight` and `path.bias`; also a 1x1 convolution.
  mutating func linear(_ x: ValueID, _ path: String) throws(Failure) -> ValueID {
    let operands = [x, try weight("\(path).weight"), try weight("\(path).bias")]
    return try builder.add(.linear(Linear(hasBias: true)), operands, label: path)
  }

  /// `path.weight` alone; also a 1x1 convolution.
  mutating func bareLinear(_ x: ValueID, _ path: String) throws(Failure) -> ValueID {
    try builder.add(
      .linear(Linear(hasBias: false)), [x, try weight("\(path).weight")], label: path)
  }

  mutating func convolution(
    _ x: ValueID, _ path: String, stride: Int, padding: Int = 0, isDepthwise: Bool = false
  ) throws(Failure) -> ValueID {
    let kernel = try weight("\(path).weight")
    let (side, channels) = (shape(of: kernel)[2].constant, shape(of: kernel)[0].constant)
    let parameters = Convolution(
      kernel: side, stride: stride, padding: padding, groups: isDepthwise ? channels : 1)
    return try builder.add(
      .conv2d(parameters), [x, kernel, try weight("\(path).bias")], label: path)
  }

  /// A convolution without a bias, padded by half its kernel so that places are kept.
  mutating func bareConvolution(
    _ x: ValueID, _ path: String, stride: Int, isDepthwise: Bool
  ) throws(Failure) -> ValueID {
    let kernel = try weight("\(path).weight")
    let (side, channels) = (shape(of: kernel)[2].constant, shape(of: kernel)[0].constant)
    let parameters = Convolution(
      kernel: side, stride: stride, padding: side / 2, groups: isDepthwise ? channels : 1,
      hasBias: false)
    return try builder.add(.conv2d(parameters), [x, kernel], label: path)
  }

  mutating func transposedConvolution(_ x: ValueID, _ path: String) throws(Failure) -> ValueID {
    let operands = [x, try weight("\(path).weight"), try weight("\(path).bias")]
    return try builder.add(.convTranspose2d(stride: 2), operands, label: path)
  }

  /// LayerNorm over channels.
  ///
  /// The reference uses 1e-6 in Hiera and in `LayerNorm2d`, and PyTorch's 1e-5 in the transformers.
  mutating func norm(
    _ x: ValueID, _ path: String, epsilon: Float
  ) throws(Failure) -> ValueID {
    let operands = [x, try weight("\(path).weight"), try weight("\(path).bias")]
    return try builder.add(.layerNorm(epsilon: epsilon), operands, label: path)
  }

  /// Linear layers with `activation` between them.
  mutating func perceptron(
    _ x: ValueID, _ path: String, layers: Int, _ kind: Activation
  ) throws(Failure) -> ValueID {
    var y = x
    for index in 0..<layers {
      y = try linear(y, "\(path).layers.\(index)")
      if index < layers - 1 { y = try activation(kind, y, label: "\(path).act") }
    }
    return y
  }

  /// softmax(q k^T / sqrt(channels per head)) v of projected operands.
  mutating func attention(
    _ query: ValueID, _ key: ValueID, _ value: ValueID, heads: Int, label: String
  ) throws(Failure) -> ValueID {
    let channels = shape(of: query).last?.fixed ?? heads
    let scale = 1 / Float(channels / heads).squareRoot()
    return try builder.add(
      .attention(heads: heads, scale: scale), [query, key, value], label: label)
  }
}
