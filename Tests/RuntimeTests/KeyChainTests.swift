import Bytes
import Graph
import JSON
import Runtime
import Tensors
import TestSupport
import Testing

/// Int8 attention that makes its keys tile by tile gives what it gives with all keys at once, bit for
/// bit.
struct KeyChainTests {
  /// Attention of 600 queries to 700 keys, of which 512 are rotated.
  ///
  /// Keys are computed from rows of 40 numbers, to which codes of `codeItems` items are added
  /// unless that is 0. With `givesKeys` the keys are a result too, so all of them must be stored.
  static func model(
    heads: Int, givesKeys: Bool = false, hasNorm: Bool, codeItems: Int, seed: UInt64
  ) throws -> (Model, [String: Tensor]) {
    var random = SeededRandom(seed: seed)
    var builder = GraphBuilder("net")
    var weights = WeightTable()
    let (queries, keys, depth, width) = (600, 700, 40, 64)
    func weight(_ name: String, _ shape: [Int]) -> ValueID {
      weights.set(name, Tensor(random.floats(shape.reduce(1, *)), shape: Shape(shape)))
      return builder.weight(name, TensorType(.float, shape.map { Dim(constant: $0) }))
    }
    var inputs: [String: Tensor] = [:]
    func input(_ name: String, _ shape: [Int]) -> ValueID {
      inputs[name] = Tensor(random.floats(shape.reduce(1, *)), shape: Shape(shape))
      return builder.input(name, TensorType(.float, shape.map { Dim(constant: $0) }))
    }
    let query = input("query", [2, queries, width])
    let values = input("values", [2, keys, 32])
    var x = input("x", [2, keys, depth])
    if codeItems > 0 {
      x = try builder.add(.add, [input("codes", [codeItems, keys, depth]), x], label: "codes")
    }
    if hasNorm {
      x = try builder.add(
        .layerNorm(epsilon: 1e-5), [x, weight("n.w", [depth]), weight("n.b", [depth])],
        label: "norm")
    }
    weights.set(
      "k.w",
      Tensor(dtype: .int8, shape: Shape([width, depth])) { bytes in
        for i in bytes.indices {
          bytes[i] = UInt8(bitPattern: Int8.random(in: -127...127, using: &random))
        }
      })
    weights.set("k.s", Tensor(random.floats(width, in: 0.001...0.01), shape: Shape([width])))
    var k = try builder.add(
      .quantizedLinear(Linear(hasBias: true)),
      [
        x, builder.weight("k.w", TensorType(.int8, [width, depth].map { Dim(constant: $0) })),
        builder.weight("k.s", TensorType(.float, [Dim(constant: width)])), weight("k.b", [width]),
      ], label: "k")
    let table = [256, width / 2]
    k = try builder.add(
      .rotatePairs(rotated: 512), [k, weight("cosine", table), weight("sine", table)],
      label: "rotary")
    if givesKeys { builder.output("keys", k) }
    builder.output(
      "result",
      try builder.add(
        .quantizedAttention(heads: heads, scale: 0.2), [query, k, values], label: "attention"))
    return (Model(metadata: .object([]), graphs: [builder.graph], weights: weights), inputs)
  }

  @Test(arguments: [(1, false), (2, true)], [0, 1, 2])
  func equalsAttentionToAllKeys(_ kind: (heads: Int, hasNorm: Bool), codeItems: Int) throws {
    for level in KernelTable.testedLevels {
      var results: [[UInt32]] = []
      for givesKeys in [false, true] {
        let (model, inputs) = try Self.model(
          heads: kind.heads, givesKeys: givesKeys, hasNorm: kind.hasNorm, codeItems: codeItems,
          seed: 31)
        var options = RuntimeOptions(threads: givesKeys ? 1 : 2, kernelLevel: level)
        options.timesSteps = true
        let program = try Program(model, options: options)
        let result = try #require(try program.run("net", inputs)["result"]).floats()
        results.append(result.map(\.bitPattern))
        #expect(program.stepTimings.count == (givesKeys ? codeItems > 0 ? 3 : 2 : 1))
      }
      #expect(results[0] == results[1])
      #expect(Set(results[0]).count > 1000)
    }
  }
}
