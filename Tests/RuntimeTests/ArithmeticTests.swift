import Bytes
import Graph
import JSON
import Runtime
import Tensors
import TestSupport
import Testing

/// Programs that multiply in bfloat16.
struct ArithmeticTests {
  /// Distance between results in both arithmetics, relative to their size: eight bits of each
  /// operand are kept.
  private static let roundingDistance = 1e-4...1e-2

  /// A convolution, a product and an attention of the places of a map; on a large one, keys are
  /// packed apart from the queries.
  private static func net(side: Int, wholeNumbers: Bool) throws -> (Model, [String: Tensor]) {
    var random = SeededRandom(seed: 31)
    var builder = GraphBuilder("net")
    var weights = WeightTable()
    func numbers(_ count: Int) -> [Float] {
      wholeNumbers
        ? random.floats(count, in: -4...4).map { $0.rounded() } : random.floats(count)
    }
    func weight(_ name: String, _ shape: [Int]) -> ValueID {
      weights.set(name, Tensor(numbers(shape.reduce(1, *)), shape: Shape(shape)))
      return builder.weight(name, TensorType(.float, shape.map { Dim(constant: $0) }))
    }
    let x = builder.input("x", TensorType(.float, [1, side, side, 12].map { Dim(constant: $0) }))
    let field = try builder.add(
      .conv2d(Convolution(kernel: 3, stride: 1, padding: 1, hasBias: false)),
      [x, weight("field", [32, 12, 3, 3])], label: "field")
    builder.output("field", field)
    let rows = try builder.add(
      .reshape([1, side * side, 32].map { Dim(constant: $0) }), [field], label: "rows")
    let product = try builder.add(
      .linear(Linear(hasBias: false)), [rows, weight("product", [32, 32])], label: "product")
    builder.output("product", product)
    builder.output(
      "attended",
      try builder.add(
        .attention(heads: 2, scale: 0.01), [product, rows, rows], label: "attention"))
    let input = Tensor(numbers(side * side * 12), shape: [1, side, side, 12])
    return (Model(metadata: .object([]), graphs: [builder.graph], weights: weights), ["x": input])
  }

  private func run(
    _ model: Model, _ inputs: [String: Tensor], _ arithmetic: FloatArithmetic, level: String,
    threads: Int = 2
  ) throws -> [String: [Float]] {
    var options = RuntimeOptions(threads: threads, kernelLevel: level)
    options.arithmetic = arithmetic
    let program = try Program(model, options: options)
    #expect(program.arithmetic == arithmetic)
    return try program.run("net", inputs).mapValues { $0.floats() }
  }

  @Test(arguments: [9, 24], KernelTable.testedLevels)
  func roundsOperands(side: Int, level: String) throws {
    let (model, inputs) = try Self.net(side: side, wholeNumbers: false)
    let exact = try run(model, inputs, .float32, level: level)
    let rounded = try run(model, inputs, .bfloat16, level: level)
    for name in ["product", "attended"] {
      let (a, b) = (try #require(exact[name]), try #require(rounded[name]))
      let error = zip(a, b).reduce(0.0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }
      let size = a.reduce(0.0) { $0 + Double($1 * $1) }
      let distance = (error / size).squareRoot()
      #expect(Self.roundingDistance.contains(distance), "\(name): \(distance)")
    }
  }

  /// Whole numbers up to 256 are bfloat16: sums of products of them are the same in both.
  @Test(arguments: KernelTable.testedLevels)
  func isExactWhereNothingIsRounded(level: String) throws {
    let (model, inputs) = try Self.net(side: 9, wholeNumbers: true)
    var small = inputs
    let x = try #require(inputs["x"])
    let ones: [Float] = x.floats().map { $0 > 0 ? 1 : 0 }
    small["x"] = Tensor(ones, shape: x.shape)
    let exact = try run(model, small, .float32, level: level)
    let rounded = try run(model, small, .bfloat16, level: level)
    let isSmall = try #require(exact["field"]).allSatisfy { abs($0) <= 256 }
    #expect(isSmall)
    #expect(exact["field"] == rounded["field"])
    #expect(exact["product"] == rounded["product"])
  }

  @Test func doesNotDependOnThreads() throws {
    let (model, inputs) = try Self.net(side: 24, wholeNumbers: false)
    for level in KernelTable.availableLevels {
      let one = try run(model, inputs, .bfloat16, level: level, threads: 1)
      let three = try run(model, inputs, .bfloat16, level: level, threads: 3)
      #expect(one == three, "\(level)")
    }
  }
}
