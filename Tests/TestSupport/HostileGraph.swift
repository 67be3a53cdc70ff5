public import Bytes
public import Graph

/// A graph that verifies and asks for too much, as a small file could.
public struct HostileGraph: Sendable, CustomStringConvertible {
  public let name: String
  /// Sizes of its symbols.
  public let sizes: [String: Int]
  /// How it is refused.
  public let code: String
  private let write: @Sendable (inout GraphBuilder) throws(Failure) -> ValueID

  public var description: String { name }

  public func graph() throws(Failure) -> Graph {
    var builder = GraphBuilder("hostile")
    builder.output("y", try write(&builder))
    return builder.graph
  }

  public func bound() throws(Failure) -> Graph {
    let symbols = sizes.map { (Symbol($0.key), $0.value) }
    return try graph().bound(to: Dictionary(uniqueKeysWithValues: symbols))
  }

  public static let all = fills + constants + stretched + symbolic + crowds + endless

  private static let memory = "graph.memory"
  private static let work = "graph.work"
  private static let n = Dim(Symbol("n"))

  private init(
    _ name: String, _ code: String, sizes: [String: Int] = [:],
    _ write: @escaping @Sendable (inout GraphBuilder) throws(Failure) -> ValueID
  ) {
    (self.name, self.code, self.sizes, self.write) = (name, code, sizes, write)
  }

  /// Constants that take no byte in a file.
  private static let fills: [HostileGraph] = fillShapes.map { shape in
    .init("fill of \(shape)", memory) { (builder) throws(Failure) in
      try builder.add(.fill(0, shape.map { Dim(constant: $0) }), [], label: "fill")
    }
  }

  private static let maximum = Graph.Limit.size
  private static let fillShapes: [[Int]] = [
    [1_048_576, 1_048_576], [maximum], [1 << 30, 512], [32_768, 32_768], [maximum, maximum],
    [maximum, maximum, maximum], Array(repeating: maximum, count: 8), [1, 65_536, 16_384, 1],
  ]

  private static let side = Graph.Limit.side
  private static let tables: [Op] = [
    .pixelGrid(height: side, width: side),
    .sineGrid(height: side, width: 4096, channels: 4096, temperature: 2),
    .sineGrid(height: side, width: side, channels: side, temperature: 2),
    .rotaryTable(.init(height: side, width: side, pairs: side, theta: 2, part: .sine)),
    .rotaryTable(.init(height: 4096, width: 4096, pairs: 64, theta: 2, part: .cosine)),
  ]

  private static let constants: [HostileGraph] = tables.enumerated().map { number, op in
    .init("table \(number), \(op.name)", memory) { (builder) throws(Failure) in
      try builder.add(op, [], label: "table")
    }
  }

  /// Small operands that an operator makes vast.
  private static let stretches: [(op: Op, shape: [Int])] = [
    (.broadcast([1_048_576, 1_048_576, 1, 1]), [1, 1, 1, 1]),
    (.resize(.init(.nearest, height: side, width: side)), [1, 1, 1, 64]),
    (.resize(.init(.bicubic, height: side, width: side)), [1, 1, 1, 8]),
    (.windowPartition(window: side), [1, 1, 1, 16]),
    (.windowPartition(window: side), [64, 2, 2, 1]),
    (.sineFeatures(channels: side, temperature: 3), [262_144, 1]),
  ]

  private static let stretched: [HostileGraph] = [false, true].flatMap { isConstant in
    stretches.map { op, shape in
      HostileGraph(
        "\(op.name) of \(shape), \(isConstant ? "folded" : "computed")", memory
      ) { (builder) throws(Failure) in
        let dims = shape.map { Dim(constant: $0) }
        let x =
          isConstant
          ? try builder.add(.fill(0, dims), [], label: "fill")
          : builder.input("x", TensorType(.float, dims))
        return try builder.add(op, [x], label: "stretch")
      }
    }
  }

  /// Sizes that only a call knows: products of symbols, up to what 64 bits do not hold.
  private static let powers: [(size: Int, rank: Int)] = [
    (300, 8), (65_536, 4), (4_194_304, 3), (131_072, 2), (maximum, 8), (maximum, 2), (3000, 3),
  ]

  private static let symbolic: [HostileGraph] = powers.flatMap { size, rank in
    let shape = Array(repeating: n, count: rank)
    let axes = Array(repeating: Dim(constant: 1), count: rank)
    let fill = HostileGraph(
      "fill of \(size) to the power of \(rank)", memory, sizes: ["n": size]
    ) { (builder) throws(Failure) in
      _ = builder.input("x", .float(n))
      return try builder.add(.fill(1, shape), [], label: "fill")
    }
    let broadcast = HostileGraph(
      "broadcast to \(size) to the power of \(rank)", memory, sizes: ["n": size]
    ) { (builder) throws(Failure) in
      _ = builder.input("x", .float(n))
      let one = builder.input("one", TensorType(.float, axes))
      return try builder.add(.broadcast(shape), [one], label: "broadcast")
    }
    return [fill, broadcast]
  }

  /// Values that are small one by one.
  private static let crowds: [HostileGraph] = [
    .init("outputs of a thousand fills", memory) { (builder) throws(Failure) in
      var last = try builder.add(.fill(0, [1_048_576]), [], label: "fill")
      for index in 0..<1000 {
        builder.output("\(index)", last)
        last = try builder.add(.affine(scale: 2, offset: 1), [last], label: "next")
      }
      return last
    },
    .init("one vast concat", memory) { (builder) throws(Failure) in
      let x = builder.input("x", .float(1, 268_435_456))
      return try builder.add(
        .concat(axis: 0), Array(repeating: x, count: 4096), label: "concat")
    },
    .init("slices that keep what they are of", memory) { (builder) throws(Failure) in
      let x = builder.input("x", .float(268_435_456))
      var parts: [ValueID] = []
      for _ in 0..<100 {
        let wide = try builder.add(.affine(scale: 1, offset: 0), [x], label: "wide")
        parts.append(try builder.add(.slice(axis: 0, start: 9, count: 1), [wide], label: "slice"))
      }
      return try builder.add(.concat(axis: 0), parts, label: "concat")
    },
    .init("one weight, dequantized again and again", memory) { (builder) throws(Failure) in
      let weight = builder.weight("w", TensorType(.int8, [4096, 4096]))
      let scale = builder.weight("s", .float(4096))
      var sum = try builder.add(.dequantize, [weight, scale], label: "dequantize")
      for _ in 0..<100 {
        let next = try builder.add(.dequantize, [weight, scale], label: "dequantize")
        sum = try builder.add(.add, [sum, next], label: "sum")
      }
      return sum
    },
  ]

  private static let endless = attentions + products + convolutions + activations

  /// Work without end on operands that are there.
  private static let attentions: [HostileGraph] = [0, 1, 3].map { (batch: Int) in
    let name = batch == 0 ? "constants" : "\(batch) inputs"
    return .init("attentions of \(name)", work) { (builder) throws(Failure) in
      let shape = [Dim(constant: max(1, batch)), 16_384, 64]
      var x =
        batch == 0
        ? try builder.add(.fill(1, shape), [], label: "fill")
        : builder.input("x", TensorType(.float, shape))
      for _ in 0..<(batch == 0 ? 20 : 5000) {
        x = try builder.add(.attention(heads: 1, scale: 1), [x, x, x], label: "attention")
      }
      return x
    }
  }

  private static let squares: [(op: Op, rows: Int, code: String)] = [
    (.attention(heads: 1, scale: 1), 1 << 16, work),
    (.attention(heads: 1, scale: 1), 1 << 20, work),
    (.quantizedAttention(heads: 4, scale: 1), 1 << 16, work),
    (.quantizedAttention(heads: 4, scale: 1), 1 << 20, work),
    (.matmulTransposed, 1 << 16, work), (.matmulTransposed, 1 << 20, memory),
  ]

  private static let products: [HostileGraph] = squares.map { op, rows, code in
    .init("\(op.name) of \(rows) rows", code) { (builder) throws(Failure) in
      var x = builder.input("x", .float(1, Dim(constant: rows), 64))
      let count = op.operandNames?.count ?? 2
      for _ in 0..<1000 {
        let next = try builder.add(op, Array(repeating: x, count: count), label: "product")
        x = try builder.add(.slice(axis: 2, start: 0, count: 64), [next], label: "slice")
      }
      return x
    }
  }

  private static let convolutions: [HostileGraph] = [3, 7].map { (kernel: Int) in
    .init("convolutions with a kernel of \(kernel)", work) { (builder) throws(Failure) in
      var x = builder.input("x", .float(1, 1024, 1024, 256))
      let side = Dim(constant: kernel)
      let weight = builder.weight("w", .float(256, 256, side, side))
      let parameters = Convolution(kernel: kernel, padding: kernel / 2, hasBias: false)
      for _ in 0..<2000 {
        x = try builder.add(.conv2d(parameters), [x, weight], label: "convolution")
      }
      return x
    }
  }

  private static let activations: [HostileGraph] = [
    .init("activations without end, folded", memory) { (builder) throws(Failure) in
      var x = try builder.add(.fill(1, [65_536]), [], label: "fill")
      for _ in 0..<19_000 { x = try builder.add(.activation(.gelu), [x], label: "gelu") }
      return x
    }
  ]
}
