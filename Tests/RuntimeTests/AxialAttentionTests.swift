import Graph
import JSON
import Runtime
import Tensors
import TestSupport
import Testing

/// Axial attention that adds the codes of its tokens itself gives what it gives with the sums made
/// before, bit for bit.
struct AxialAttentionTests {
  /// Two attentions of 70 queries to 3 frames of 5 x 6 cells and 11 tokens more, with codes of
  /// `codeItems` items; with `givesSums` the sums are a result too, so that they must be there.
  private static func model(
    codeItems: Int, givesSums: Bool, sharesValues: Bool = true
  ) throws -> (Model, [String: Tensor]) {
    var random = SeededRandom(seed: 43)
    var builder = GraphBuilder("net")
    var weights = WeightTable()
    let (tokens, depth, channels) = (101, 64, 16)
    var inputs: [String: Tensor] = [:]
    func input(_ name: String, _ shape: [Int]) -> ValueID {
      inputs[name] = Tensor(random.floats(shape.reduce(1, *)), shape: Shape(shape))
      return builder.input(name, TensorType(.float, shape.map { Dim(constant: $0) }))
    }
    let query = input("query", [2, 70, depth])
    let values = input("values", [2, tokens, 20])
    let others = builder.input("others", TensorType(.float, [2, Dim(constant: tokens), 20]))
    inputs["others"] = inputs["values"]
    let rows = input("rows", [2, tokens, channels])
    let codes = input("codes", [codeItems, tokens, channels])
    let sums = try builder.add(.add, [rows, codes], label: "codes")
    if givesSums { builder.output("sums", sums) }
    for name in ["first", "second"] {
      weights.set(
        "\(name).w",
        Tensor(dtype: .int8, shape: Shape([depth, channels])) { bytes in
          for i in bytes.indices {
            bytes[i] = UInt8(bitPattern: Int8.random(in: -127...127, using: &random))
          }
        })
      weights.set(
        "\(name).s", Tensor(random.floats(depth, in: 0.001...0.01), shape: Shape([depth])))
      let weight = builder.weight(
        "\(name).w", TensorType(.int8, [depth, channels].map { Dim(constant: $0) }))
      let scale = builder.weight("\(name).s", TensorType(.float, [Dim(constant: depth)]))
      let attention = AxialAttention(
        scale: 0.3, height: 5, width: 6, theta: 100, rotated: 90, hasBias: false)
      builder.output(
        name,
        try builder.add(
          .axialAttention(attention),
          [query, sums, sharesValues || name == "first" ? values : others, weight, scale],
          label: name))
    }
    return (Model(metadata: .object([]), graphs: [builder.graph], weights: weights), inputs)
  }

  /// The second attention uses what the first one rounded, or rounds equal values itself.
  @Test func tokensAreRoundedOnce() throws {
    let results = try [true, false].map { sharesValues in
      let (model, inputs) = try Self.model(
        codeItems: 1, givesSums: false, sharesValues: sharesValues)
      let program = try Program(model, options: RuntimeOptions(threads: 2))
      return try #require(try program.run("net", inputs)["second"]).floats().map(\.bitPattern)
    }
    let isSame = results[0] == results[1]
    #expect(isSame)
  }

  @Test(arguments: [1, 2])
  func equalsAttentionToSumsMadeBefore(codeItems: Int) throws {
    for level in KernelTable.testedLevels {
      var results: [[UInt32]] = []
      for givesSums in [false, true] {
        let (model, inputs) = try Self.model(codeItems: codeItems, givesSums: givesSums)
        var options = RuntimeOptions(threads: givesSums ? 1 : 2, kernelLevel: level)
        options.timesSteps = true
        let program = try Program(model, options: options)
        let found = try program.run("net", inputs)
        for name in ["first", "second"] {
          results.append(try #require(found[name]).floats().map(\.bitPattern))
        }
        #expect(program.stepTimings.count == (givesSums ? 4 : 3))
      }
      let isSame = results[0] == results[2] && results[1] == results[3]
      #expect(isSame)
      #expect(results[0] != results[1] && Set(results[0]).count > 1000)
    }
  }
}
