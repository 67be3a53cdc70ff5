import Graph
import JSON
import Quantizer
import Tensors
import TestSupport
import Testing

/// Chains as deep as a file allows, between producers of values and the products that read them.
struct DeepGraphTests {
  private static let depth = 19_000

  @Test(.timeLimit(.minutes(2))) func productsAreFoundAfterManyReshapes() throws {
    var random = SeededRandom(seed: 61)
    var weights = WeightTable()
    var builder = GraphBuilder("encode_image")
    func weight(_ name: String, _ shape: [Int]) -> ValueID {
      weights.set(name, Tensor(random.floats(shape.reduce(1, *)), shape: Shape(shape)))
      return builder.weight(name, TensorType(.float, shape.map { Dim(constant: $0) }))
    }
    let x = builder.input("x", .float(1, 6, 32))
    var value = try builder.add(
      .layerNorm(epsilon: 1e-6), [x, weight("norm", [32]), weight("norm.bias", [32])],
      label: "norm")
    for index in 0..<Self.depth {
      value = try builder.add(
        .reshape(index % 2 == 0 ? [2, 3, 32] : [1, 6, 32]), [value], label: "reshape")
    }
    builder.output(
      "y",
      try builder.add(
        .linear(Linear(hasBias: true)), [value, weight("w", [48, 32]), weight("w.bias", [48])],
        label: "w"))
    let input = CalibrationProfile.Input(
      rowCount: 1, lowest: Array(repeating: -1, count: 32), highest: Array(repeating: 4, count: 32),
      mean: Array(repeating: 2, count: 32), secondMoment: Array(repeating: 5, count: 32),
      sample: random.floats(32, in: 1...3))
    let model = Model(metadata: .object([]), graphs: [builder.graph], weights: weights)
    let quantizer = Quantizer(.small)
    let (quantized, decisions) = try quantizer.quantize(
      model, profile: CalibrationProfile(inputs: ["w": input]))
    #expect(quantized.graphs[0].nodes.count == Self.depth + 2)
    // The norm's channels were moved, so the chain was followed to its end.
    #expect(decisions.contains { $0.weight == "w" && $0.scheme == .int8 && $0.shift != nil })
    let restored = try Dequantization.floatingPoint(quantized)
    #expect(restored.graphs[0].nodes.count == Self.depth + 2)
  }
}
