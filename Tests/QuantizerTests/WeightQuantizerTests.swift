import Bytes
import Graph
import JSON
import Reference
import Runtime
import Tensors
import TestSupport
import Testing

@testable import Quantizer

/// Ranges, corrections of biases, and weights that are only stored in int8.
struct WeightQuantizerTests {
  /// float32 sums of a few dozen products against the same in another order.
  static let sumTolerance = 1e-4

  private func squaredError(_ matrix: QuantizedMatrix, _ exact: [Float], _ counts: [Float]) -> Float
  {
    let rounded = matrix.dequantized()
    var sum: Float = 0
    for k in exact.indices { sum += counts[k] * (rounded[k] - exact[k]) * (rounded[k] - exact[k]) }
    return sum
  }

  @Test func theSearchNeverLosesAndGainsOnOutliers() {
    var random = SeededRandom(seed: 4)
    var values = random.floats(64)
    // One large weight of an input that hardly ever moves.
    values[7] = 3
    var counts = [Float](repeating: 1, count: 64)
    counts[7] = 1e-4
    let tensor = Tensor(values, shape: [1, 64])
    let plain = squaredError(QuantizedMatrix(tensor), values, counts)
    let searched = QuantizedMatrix(tensor, importance: counts, searchesClip: true)
    #expect(squaredError(searched, values, counts) < 0.8 * plain)
    #expect(searched.meanClip < 1)
    #expect(searched.values.floats().allSatisfy { abs($0) <= 127 })
  }

  /// Correlated inputs: the next weight can compensate for the rounding of one.
  @Test(arguments: [40, 128, 200])
  func roundingIsCompensated(channels: Int) {
    var random = SeededRandom(seed: 8)
    let common = random.floats(256)
    var rows = random.floats(256 * channels)
    for i in rows.indices { rows[i] = 0.2 * rows[i] + common[i / channels] + 0.5 }
    let input = SmoothingTests.statistics(rows, channels)
    let tensor = Tensor(random.floats(12 * channels), shape: [12, channels])
    let plain = QuantizedMatrix(tensor, importance: input.secondMoment, searchesClip: true)
    let better = QuantizedMatrix(
      tensor, importance: input.secondMoment, searchesClip: true,
      compensation: RoundingCompensation(input))
    func error(_ matrix: QuantizedMatrix) -> Double {
      let (rounded, exact) = (matrix.dequantized(), tensor.floats())
      var sum = 0.0
      for row in 0..<256 {
        for output in 0..<12 {
          var error = 0.0
          for k in 0..<channels {
            let i = output * channels + k
            error += Double((rounded[i] - exact[i]) * rows[row * channels + k])
          }
          sum += error * error
        }
      }
      return sum
    }
    let share = error(better) / error(plain)
    #expect(share < 0.25)
    #expect(better.sqnr > plain.sqnr)
    #expect(better.scale.floats() == plain.scale.floats())
    #expect(better.values.floats().allSatisfy { abs($0) <= 127 })
  }

  /// A sample without information leaves plain rounding.
  @Test func roundsForItselfWithoutInputs() {
    var random = SeededRandom(seed: 9)
    let tensor = Tensor(random.floats(3 * 20), shape: [3, 20])
    let silent = SmoothingTests.statistics([Float](repeating: 0, count: 5 * 20), 20)
    let compensated = QuantizedMatrix(tensor, compensation: RoundingCompensation(silent))
    #expect(compensated.values.floats() == QuantizedMatrix(tensor).values.floats())
  }

  @Test func channelsOfZerosHaveScaleOneAndAreCounted() {
    let matrix = QuantizedMatrix(
      Tensor(
        [Float](repeating: 0, count: 16) + [1, -1] + [Float](repeating: 0, count: 14),
        shape: [2, 16]), searchesClip: true)
    #expect(matrix.zeroChannels == 1)
    #expect(matrix.scale.floats()[0] == 1)
    #expect(matrix.values.floats().prefix(16).allSatisfy { $0 == 0 })
  }

  @Test func rowsRoundAsTheReferenceDoes() throws {
    var random = SeededRandom(seed: 5)
    let row = random.floats(40)
    var rounded = row
    row.withUnsafeBufferPointer { source in
      rounded.withUnsafeMutableBufferPointer { RowQuantizer.roundTrip(source, into: $0) }
    }
    // A product with the identity shows the rounded row.
    let identity = (0..<40).flatMap { i in (0..<40).map { Double($0 == i ? 1 : 0) } }
    let exact = try ReferenceInterpreter.apply(
      .quantizedLinear(Linear(hasBias: false)),
      to: [
        ReferenceValue([1, 40], row.map(Double.init)),
        ReferenceValue([40, 40], identity, element: .int8),
        ReferenceValue([40], [Double](repeating: 1, count: 40)),
      ])
    #expect(Closeness(rounded, to: exact.floats()).relativeL2 < 1e-6)
    #expect(rounded != row)
  }

  @Test func correctionTakesTheMeanErrorAway() throws {
    var random = SeededRandom(seed: 6)
    var weights = WeightTable()
    weights.set("w", Tensor(random.floats(40 * 48), shape: [40, 48]))
    var builder = GraphBuilder("encode_image")
    let x = builder.input("x", .float(200, 48))
    builder.output(
      "y",
      try builder.add(
        .linear(Linear(hasBias: false)), [x, builder.weight("w", .float(40, 48))], label: "w"))
    let model = Model(metadata: .object([]), graphs: [builder.graph], weights: weights)
    // Rows that differ little are rounded alike, so that errors do not average out.
    let base = random.floats(48)
    let rows = (0..<200).flatMap { _ in
      zip(base, random.floats(48)).map { $0 + 0.001 * $1 }
    }
    var plan = try Quantizer(.small).plan(model)
    var rounded = rows
    for row in 0..<200 {
      rows[(row * 48)..<(row * 48 + 48)].withUnsafeBufferPointer { source in
        rounded[(row * 48)..<(row * 48 + 48)].withUnsafeMutableBufferPointer {
          RowQuantizer.roundTrip(source, into: $0)
        }
      }
    }
    let before = try plan.quantized().model
    plan.correctBias(
      of: "w", floatMean: SmoothingTests.statistics(rows, 48).mean,
      roundedMean: SmoothingTests.statistics(rounded, 48).mean)
    let (after, decisions) = try plan.quantized()
    func meanError(_ quantized: Model) throws -> Float {
      let inputs = ["x": Tensor(rows, shape: [200, 48])]
      let exact = try #require(try Program(model).run("encode_image", inputs)["y"]).floats()
      let coarse = try #require(try Program(quantized).run("encode_image", inputs)["y"]).floats()
      let errors = zip(coarse, exact).map { $0 - $1 }
      return SmoothingTests.statistics(errors, 40).mean.reduce(0) { max($0, abs($1)) }
    }
    #expect(try meanError(after) < 0.02 * meanError(before))
    #expect(decisions[0].correction ?? 0 > 0)
    #expect(after.weights["w.correction"]?.shape == [40])
  }

  @Test func largeFloatWeightsAreStoredInInt8() throws {
    var random = SeededRandom(seed: 7)
    var weights = WeightTable()
    weights.set("decoder", Tensor(random.floats(256 * 128), shape: [256, 128]))
    var builder = GraphBuilder("decode_masks")
    let x = builder.input("x", .float(3, 128))
    builder.output(
      "y",
      try builder.add(
        .linear(Linear(hasBias: false)), [x, builder.weight("decoder", .float(256, 128))],
        label: "decoder"))
    let model = Model(metadata: .object([]), graphs: [builder.graph], weights: weights)
    let (stored, decisions) = try Quantizer(.small).quantize(model)
    #expect(decisions.map(\.scheme) == [.stored8])
    #expect(stored.weights["decoder"]?.dtype == .int8)
    let inputs = ["x": Tensor(random.floats(384), shape: [3, 128])]
    let y = try #require(try Program(stored).run("decode_masks", inputs)["y"])
    let expected = try #require(
      try ReferenceInterpreter(weights: stored.weights)
        .evaluate(stored.graphs[0], inputs: inputs)["y"])
    #expect(Closeness(y.floats(), to: expected.floats()).relativeL2 < Self.sumTolerance)
    let exact = try #require(try Program(model).run("decode_masks", inputs)["y"])
    #expect(Closeness(y.floats(), to: exact.floats()).relativeL2 < 0.02)

    var recipe = Recipe.small
    recipe.steps.remove(.int8Storage)
    #expect(try Quantizer(recipe).quantize(model).model.weights["decoder"]?.dtype == .float16)
    recipe = Recipe.small
    recipe.keepFloat = ["decoder"]
    #expect(try Quantizer(recipe).quantize(model).model.weights["decoder"]?.dtype == .float16)
  }

  @Test(arguments: [
    ("sam_mask_decodr.iou.weight", "sam_mask_decoder.iou.weight"),
    ("image_encoder.trunk.blocks.0.*wieght", "image_encoder.trunk.blocks.0.qkv.weight"),
    ("nothing like it at all", nil),
  ])
  func similarNamesAreFound(text: String, expected: String?) {
    let names = [
      "image_encoder.trunk.blocks.0.qkv.weight", "sam_mask_decoder.iou.weight", "no_mem_embed",
    ]
    #expect(similarName(to: text, among: names) == expected)
  }
}
