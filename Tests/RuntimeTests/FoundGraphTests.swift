import Graph
import JSON
import Runtime
import Tensors
import TestSupport
import Testing

/// Faults that random graphs have found, as graphs as small as possible.
struct FoundGraphTests {
  private var random = SeededRandom(seed: 91)
  private var builder = GraphBuilder("found")
  private var weights = WeightTable()
  private var inputs: [String: Tensor] = [:]

  private mutating func input(_ name: String, _ shape: [Int]) -> ValueID {
    inputs[name] = Tensor(random.floats(shape.reduce(1, *)), shape: Shape(shape))
    return builder.input(name, TensorType(.float, shape.map { Dim(constant: $0) }))
  }

  private mutating func weight(_ name: String, _ shape: [Int]) -> ValueID {
    weights.set(name, Tensor(random.floats(shape.reduce(1, *)), shape: Shape(shape)))
    return builder.weight(name, TensorType(.float, shape.map { Dim(constant: $0) }))
  }

  /// Outputs with joined steps and without.
  private func run(
    level: String? = nil
  ) throws -> (joined: [String: Tensor], plain: [String: Tensor]) {
    let model = Model(metadata: .object([]), graphs: [builder.graph], weights: weights)
    var options = RuntimeOptions(threads: 1, kernelLevel: level)
    let joined = try Program(model, options: options).run("found", inputs)
    options.fusesSteps = false
    return (joined, try Program(model, options: options).run("found", inputs))
  }

  /// The operator rotates tokens n < `rotated`; a number above their count means all of them.
  @Test mutating func rotatesNoMoreThanThereAre() throws {
    let product = try builder.add(
      .linear(Linear(hasBias: false)), [input("x", [1, 100, 8]), weight("w", [16, 8])],
      label: "product")
    let rotated = try builder.add(
      .rotatePairs(rotated: 103), [product, input("cosine", [4, 8]), input("sine", [4, 8])],
      label: "rotary")
    builder.output("y", rotated)
    let (joined, plain) = try run()
    #expect(joined["y"]?.floats() == plain["y"]?.floats())
  }

  /// Cells with positions from which queries are computed, and to which the result is added.
  @Test mutating func positionsMayBePartOfTheShortcut() throws {
    let cells = try builder.add(
      .add, [input("image", [1, 64, 48]), input("position", [1, 64, 48])], label: "sum")
    let plain = Op.linear(Linear(hasBias: false))
    let queries = try builder.add(plain, [cells, weight("q", [32, 48])], label: "q")
    let (keys, values) = (input("keys", [1, 2, 32]), input("values", [1, 2, 32]))
    let attended = try builder.add(
      .attention(heads: 8, scale: 0.5), [queries, keys, values], label: "attention")
    let output = try builder.add(plain, [attended, weight("o", [48, 32])], label: "o")
    builder.output("y", try builder.add(.add, [output, cells], label: "shortcut"))
    let results = try run()
    let (joined, single) = (
      try #require(results.joined["y"]).floats(), try #require(results.plain["y"]).floats()
    )
    #expect(Closeness(joined, to: single).relativeL2 < 1e-5)
  }

  /// The shortcut at the end of one attention, whose parts are not stored, is a sum from which
  /// the queries of the next one are computed.
  @Test(arguments: KernelTable.testedLevels) mutating func attentionsMayFollowEachOther(
    level: String
  ) throws {
    let plain = Op.linear(Linear(hasBias: false))
    let image = input("image", [1, 64, 48])
    var cells = image
    for name in ["first", "second"] {
      let queries = try builder.add(plain, [cells, weight("\(name).q", [32, 48])], label: "q")
      let (keys, values) = (input("\(name).k", [1, 2, 32]), input("\(name).v", [1, 2, 32]))
      let attended = try builder.add(
        .attention(heads: 8, scale: 0.5), [queries, keys, values], label: name)
      let output = try builder.add(plain, [attended, weight("\(name).o", [48, 32])], label: "o")
      cells = try builder.add(.add, [output, image], label: "shortcut")
    }
    builder.output("y", cells)
    let results = try run(level: level)
    let (joined, single) = (
      try #require(results.joined["y"]).floats(), try #require(results.plain["y"]).floats()
    )
    #expect(Closeness(joined, to: single).relativeL2 < 1e-5)
  }
}
