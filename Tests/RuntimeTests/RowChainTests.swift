import Bytes
import Graph
import JSON
import Runtime
import Tensors
import TestSupport
import Testing

/// Chains of row operators that run as one step give what the steps give one by one, bit for bit.
struct RowChainTests {
  /// One block of a transformer on a map of 20 x 23 places, which windows of 8 do not fill.
  ///
  /// Norm, windows, product, back, shortcut; norm, two products, shortcut. A second product reads
  /// the first norm.
  static func block(quantized: Bool, seed: UInt64) throws -> (Model, [String: Tensor]) {
    var random = SeededRandom(seed: seed)
    var builder = GraphBuilder("block")
    var weights = WeightTable()
    let (height, width, channels) = (20, 23, 48)

    func weight(_ name: String, _ shape: [Int]) -> ValueID {
      weights.set(
        name, Tensor(random.floats(shape.reduce(1, *)), shape: Shape(shape)))
      return builder.weight(name, TensorType(.float, shape.map { Dim(constant: $0) }))
    }
    func norm(_ x: ValueID, _ name: String) throws -> ValueID {
      try builder.add(
        .layerNorm(epsilon: 1e-6),
        [x, weight("\(name).w", [channels]), weight("\(name).b", [channels])], label: name)
    }
    func product(
      _ x: ValueID, _ name: String, _ columns: Int, _ depth: Int,
      _ activation: Activation = .none
    ) throws -> ValueID {
      let parameters = Linear(hasBias: true, activation: activation)
      guard quantized else {
        return try builder.add(
          .linear(parameters),
          [x, weight("\(name).w", [columns, depth]), weight("\(name).b", [columns])], label: name)
      }
      weights.set(
        "\(name).w",
        Tensor(dtype: .int8, shape: Shape([columns, depth])) { bytes in
          for i in bytes.indices {
            bytes[i] = UInt8(bitPattern: Int8.random(in: -127...127, using: &random))
          }
        })
      weights.set(
        "\(name).s", Tensor(random.floats(columns, in: 0.001...0.01), shape: Shape([columns])))
      return try builder.add(
        .quantizedLinear(parameters),
        [
          x,
          builder.weight(
            "\(name).w", TensorType(.int8, [columns, depth].map { Dim(constant: $0) })),
          builder.weight("\(name).s", TensorType(.float, [.init(constant: columns)])),
          weight("\(name).b", [columns]),
        ], label: name)
    }

    let x = builder.input(
      "x", TensorType(.float, [2, height, width, channels].map { Dim(constant: $0) }))
    let first = try norm(x, "norm1")
    let windows = try builder.add(.windowPartition(window: 8), [first], label: "partition")
    let inside = try product(windows, "qkv", channels, channels)
    let outside = try product(inside, "proj", channels, channels)
    let merged = try builder.add(
      .windowMerge(window: 8, height: height, width: width), [outside], label: "merge")
    let shortcut = try product(first, "shortcut", channels, channels)
    let y = try builder.add(.add, [shortcut, merged], label: "sum")
    let hidden = try product(try norm(y, "norm2"), "mlp.0", 4 * channels, channels, .gelu)
    let last = try product(hidden, "mlp.1", channels, 4 * channels)
    let plain = try builder.add(.activation(.relu), [last], label: "relu")
    let sum = try builder.add(.add, [y, plain], label: "sum")
    // An output has memory of its own. The sum is to be in the arena, over what it adds to.
    builder.output("result", try builder.add(.affine(scale: 2, offset: 0), [sum], label: "double"))
    let input = Tensor(
      random.floats(2 * height * width * channels), shape: [2, height, width, channels])
    return (
      Model(metadata: .object([]), graphs: [builder.graph], weights: weights), ["x": input]
    )
  }

  enum Numbers: CaseIterable { case float32, bfloat16, int8 }

  @Test(arguments: Numbers.allCases, KernelTable.testedLevels)
  func equalStepsOneByOne(numbers: Numbers, level: String) throws {
    let (model, inputs) = try Self.block(quantized: numbers == .int8, seed: 21)
    var options = RuntimeOptions(threads: 2, kernelLevel: level)
    options.arithmetic = numbers == .bfloat16 ? .bfloat16 : .float32
    options.timesSteps = true
    let fused = try Program(model, options: options)
    options.fusesSteps = false
    let single = try Program(model, options: options)
    let a = try #require(try fused.run("block", inputs)["result"]).floats()
    let b = try #require(try single.run("block", inputs)["result"]).floats()
    #expect(a.map(\.bitPattern) == b.map(\.bitPattern))
    #expect(a.contains { $0 != 0 })
    // Windows in, windows out, the shortcut's product, the perceptron: four steps.
    #expect(fused.stepTimings.count == 4 + 1, "\(fused.stepTimings.map(\.kind))")
    #expect(single.stepTimings.count == 12 + 1, "\(single.stepTimings.map(\.kind))")
    // Sum and shortcut share memory, and beside them there are only the rows of the windows.
    #expect(fused.arenaByteCount < single.arenaByteCount / 2)
    let work = [fused, single].map { program in
      program.stepTimings.reduce(0) { $0 + $1.int8Work + $1.floatWork }
    }
    #expect(work[0] == work[1])
  }

  /// Keys are rotated where the product wrote them; those of pointers, at the end, stay.
  @Test(arguments: [40, 130, 150], KernelTable.testedLevels)
  func rotatesWhatItMultiplied(rotated: Int, level: String) throws {
    var random = SeededRandom(seed: 22)
    var builder = GraphBuilder("keys")
    var weights = WeightTable()
    weights.set("w", Tensor(random.floats(64 * 48), shape: [64, 48]))
    let x = builder.input("x", .float(2, 150, 48))
    let product = try builder.add(
      .linear(Linear(hasBias: false)), [x, builder.weight("w", .float(64, 48))], label: "product")
    let tables = [builder.input("cosine", .float(64, 32)), builder.input("sine", .float(64, 32))]
    let keys = try builder.add(
      .rotatePairs(rotated: Dim(constant: rotated)), [product] + tables, label: "rotate")
    builder.output("keys", keys)
    let model = Model(metadata: .object([]), graphs: [builder.graph], weights: weights)
    let inputs = [
      "x": Tensor(random.floats(2 * 150 * 48), shape: [2, 150, 48]),
      "cosine": Tensor(random.floats(64 * 32), shape: [64, 32]),
      "sine": Tensor(random.floats(64 * 32), shape: [64, 32]),
    ]
    var options = RuntimeOptions(threads: 2, kernelLevel: level)
    options.timesSteps = true
    let fused = try Program(model, options: options)
    options.fusesSteps = false
    let single = try Program(model, options: options)
    let a = try #require(try fused.run("keys", inputs)["keys"]).floats()
    let b = try #require(try single.run("keys", inputs)["keys"]).floats()
    let isEqual = a.map(\.bitPattern) == b.map(\.bitPattern)
    #expect(isEqual)
    #expect(fused.stepTimings.count == 1, "\(fused.stepTimings.map(\.kind))")
    #expect(single.stepTimings.count == 2)
  }
}
