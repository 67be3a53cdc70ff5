import Bytes
import Graph
import JSON
import Tensors

/// Hand-made models: one small enough to read in a hex dump, one that uses everything.
enum SampleModels {
  /// `relu(x W^T + b)`, the model of `Formats/Samples/tiny.sam2`.
  static func tiny() throws -> Model {
    var builder = GraphBuilder("tiny")
    let x = builder.input("x", TensorType(.float, [Dim(Symbol("n")), 3]))
    let weight = builder.weight("w", .float(2, 3))
    let bias = builder.weight("b", .float(2))
    let y = try builder.add(
      .linear(Linear(hasBias: true, activation: .relu)), [x, weight, bias], label: "fc")
    builder.output("y", y)
    var weights = WeightTable()
    weights.set("w", Tensor([1, 2, 3, -1, 0.5, 0], shape: [2, 3]))
    weights.set("b", Tensor([0.25, -0.25], shape: [2]).converted(to: .float16))
    return Model(
      metadata: ["format": "tiny", "licence": "Apache-2.0"], graphs: [builder.graph],
      weights: weights)
  }

  /// A model that needs format 1.1 and nothing later.
  static func quantizedAttention() throws -> Model {
    var builder = GraphBuilder("attention")
    let x = builder.input("x", .float(2, 3, 4))
    builder.output(
      "y",
      try builder.add(.quantizedAttention(heads: 2, scale: 0.5), [x, x, x], label: "attend"))
    return Model(metadata: .object([]), graphs: [builder.graph], weights: WeightTable())
  }

  /// Every operator, every element type, two graphs, an empty tensor and a scalar.
  static func full() throws -> Model {
    var constant = GraphBuilder("constant")
    let one = try constant.add(.fill(-.infinity, [1]), [], label: "")
    constant.output("one", one)
    return Model(
      metadata: [
        "image_size": 64, "mean": [0.485, 0.456, 0.406], "nothing": .null, "yes": true,
        "name": "full \u{1F9EA} \"quoted\"", "nested": ["a": [1, 2], "b": ["deep": -0.0]],
      ],
      graphs: [try everyOperator(), constant.graph], weights: weights())
  }

  // MARK: - Weights

  private static func weights() -> WeightTable {
    var table = WeightTable()
    func ramp(_ count: Int) -> [Float] { (0..<count).map { Float($0) * 0.125 - 1 } }
    table.set("conv.weight", Tensor(ramp(144), shape: [4, 4, 3, 3]))
    table.set("depthwise.weight", Tensor(ramp(36), shape: [4, 1, 3, 3]).converted(to: .bfloat16))
    table.set("vector", Tensor(ramp(4), shape: [4]))
    table.set("up.weight", Tensor(ramp(32), shape: [4, 2, 2, 2]).converted(to: .float16))
    table.set("up.bias", Tensor(ramp(2), shape: [2]))
    table.set("square", Tensor(ramp(16), shape: [4, 4]))
    table.set(
      "square.int8",
      Tensor(dtype: .int8, shape: [4, 4]) { bytes in
        for index in bytes.indices { bytes[index] = UInt8(truncatingIfNeeded: index &* 17) }
      })
    table.set(
      "axial.int8",
      Tensor(dtype: .int8, shape: [32, 16]) { bytes in
        for index in bytes.indices { bytes[index] = UInt8(index % 128) }
      })
    table.set("axial.vector", Tensor(ramp(32), shape: [32]))
    table.set("gaussian", Tensor(ramp(6), shape: [2, 3]))
    table.set("labels", Tensor([Int32](0..<5), shape: [5]))
    for dtype in [DType.float64, .uint8, .int16, .int64, .bool] {
      table.set(
        "spare.\(dtype.name)",
        Tensor(dtype: dtype, shape: [3]) { bytes in
          for index in bytes.indices { bytes[index] = UInt8(index & 1) }
        })
    }
    table.set("empty", Tensor([Float](), shape: [0, 7]))
    table.set("scalar", Tensor([Float(42)], shape: []))
    return table
  }

  // MARK: - Graph

  private static func everyOperator() throws -> Graph {
    var builder = GraphBuilder("every_operator")
    let objects = Dim(Symbol("objects"))
    let image = builder.input("image", TensorType(.float, [objects, 8, 8, 4]))
    let plane = try addSpace(&builder, image)
    let tokens = try builder.add(.reshape([objects, 64, 4]), [plane], label: "flatten")
    let rows = try addProducts(&builder, tokens)
    try addMovement(&builder, rows, objects)
    try addPositions(&builder, rows)
    try addAxialAttention(&builder, objects)
    return builder.graph
  }

  private static func addSpace(
    _ builder: inout GraphBuilder, _ image: ValueID
  ) throws -> ValueID {
    let vector = builder.weight("vector", .float(4))
    let conv = try builder.add(
      .conv2d(Convolution(kernel: 3, padding: 1)),
      [image, builder.weight("conv.weight", .float(4, 4, 3, 3)), vector], label: "conv")
    let depthwise = try builder.add(
      .conv2d(Convolution(kernel: 3, stride: 2, padding: 1, groups: 4, hasBias: false)),
      [conv, builder.weight("depthwise.weight", .float(4, 1, 3, 3))], label: "depthwise")
    let normed = try builder.add(
      .batchNorm(epsilon: 1e-5), [depthwise, vector, vector, vector, vector], label: "statistics")
    let means = try builder.add(.averagePool(window: 2), [normed], label: "means")
    builder.output("means", means)
    let pooled = try builder.add(.maxPool(window: 2), [depthwise], label: "pool")
    var plane = pooled
    for mode in Resize.Mode.allCases {
      plane = try builder.add(.resize(Resize(mode, height: 8, width: 8)), [plane], label: "\(mode)")
    }
    let windows = try builder.add(.windowPartition(window: 3), [plane], label: "split")
    let merged = try builder.add(
      .windowMerge(window: 3, height: 8, width: 8), [windows], label: "merge")
    let up = try builder.add(
      .convTranspose2d(stride: 2),
      [
        merged, builder.weight("up.weight", .float(4, 2, 2, 2)),
        builder.weight("up.bias", .float(2)),
      ],
      label: "up")
    builder.output("up", up)
    return merged
  }

  private static func addProducts(
    _ builder: inout GraphBuilder, _ tokens: ValueID
  ) throws -> ValueID {
    let vector = builder.weight("vector", .float(4))
    let square = builder.weight("square", .float(4, 4))
    var rows = try builder.add(.layerNorm(epsilon: 1e-6), [tokens, vector, vector], label: "norm")
    for activation in Activation.allCases {
      rows = try builder.add(
        .linear(Linear(hasBias: true, activation: activation, hasResidual: true)),
        [rows, square, vector, rows], label: "\(activation)")
      rows = try builder.add(.activation(activation), [rows], label: "")
    }
    rows = try builder.add(
      .quantizedLinear(Linear(hasBias: false)),
      [rows, builder.weight("square.int8", TensorType(.int8, [4, 4])), vector], label: "int8")
    let stored = try builder.add(
      .dequantize, [builder.weight("square.int8", TensorType(.int8, [4, 4])), vector], label: "")
    rows = try builder.add(.linear(Linear(hasBias: false)), [rows, stored], label: "stored")
    rows = try builder.add(.attention(heads: 2, scale: 0.7), [rows, rows, rows], label: "attend")
    rows = try builder.add(
      .quantizedAttention(heads: 2, scale: 0.7), [rows, rows, rows], label: "attend.int8")
    let products = try builder.add(.matmulTransposed, [rows, rows], label: "gram")
    builder.output("products", products)
    let scaled = try builder.add(.affine(scale: 2, offset: -1), [rows], label: "affine")
    let sum = try builder.add(.add, [scaled, vector], label: "sum")
    return try builder.add(.multiply, [sum, rows], label: "product")
  }

  private static func addAxialAttention(_ builder: inout GraphBuilder, _ objects: Dim) throws {
    let cells = Dim(Symbol("frames")) * 4
    let query = builder.input("query", TensorType(.float, [objects, 4, 32]))
    let memory = builder.input("memory", TensorType(.float, [objects, cells + 2, 16]))
    let weight = builder.weight("axial.int8", TensorType(.int8, [32, 16]))
    let vector = builder.weight("axial.vector", .float(32))
    let attention = AxialAttention(
      scale: 0.2, height: 2, width: 2, theta: 10_000, rotated: cells, hasBias: true)
    builder.output(
      "axial",
      try builder.add(
        .axialAttention(attention), [query, memory, memory, weight, vector, vector],
        label: "axial"))
  }

  private static func addMovement(
    _ builder: inout GraphBuilder, _ rows: ValueID, _ objects: Dim
  ) throws {
    let transposed = try builder.add(.transpose([0, 2, 1]), [rows], label: "transpose")
    let joined = try builder.add(
      .concat(axis: 1), [transposed, transposed, transposed], label: "join")
    let cut = try builder.add(.slice(axis: 1, start: 2, count: 1), [joined], label: "cut")
    let wide = try builder.add(.broadcast([objects, 5, 64]), [cut], label: "repeat")
    builder.output("wide", wide)
    let indices = builder.input("indices", TensorType(.int32, [Dim(Symbol("points")) * 2 + 3, 2]))
    let table = builder.weight("square", .float(4, 4))
    builder.output("rows", try builder.add(.gather, [table, indices], label: "look up"))
    builder.output("flat", try builder.add(.fill(0.5, [objects * 3, 2]), [], label: "fill"))
  }

  private static func addPositions(_ builder: inout GraphBuilder, _ rows: ValueID) throws {
    let grid = try builder.add(.pixelGrid(height: 2, width: 3), [], label: "grid")
    let matrix = builder.weight("gaussian", .float(2, 3))
    let random = try builder.add(.fourierFeatures, [grid, matrix], label: "random")
    let times = builder.input("times", TensorType(.float, [Dim(Symbol("pointers")), 1]))
    let ages = try builder.add(
      .sineFeatures(channels: 8, temperature: 10_000), [times], label: "ages")
    let sines = try builder.add(
      .sineGrid(height: 2, width: 2, channels: 8, temperature: 10_000), [], label: "sines")
    var tables: [ValueID] = []
    for part in RotaryTable.Part.allCases {
      let table = RotaryTable(height: 8, width: 8, pairs: 2, theta: 10_000, part: part)
      tables.append(try builder.add(.rotaryTable(table), [], label: "\(part)"))
    }
    let rotated = try builder.add(.rotatePairs(rotated: 64), [rows] + tables, label: "rotate")
    for (name, value) in [
      ("random", random), ("ages", ages), ("sines", sines), ("rotated", rotated),
    ] {
      builder.output(name, value)
    }
  }
}
