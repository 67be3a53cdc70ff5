import Bytes
import Checkpoints
import Graph
import JSON
import ModelFile
import Passes
import Quantizer
import SAM2Config
import SAM2Import
import SafetensorsCheckpoint
import Tensors
import TestSupport
import Testing

/// `.pt` to `.sam2` to `.safetensors` with the trained fixture model.
@Suite struct RoundTripTests {
  private static let nano = fixturePath("nano/nano.pt", target: ".")

  private static let quantizedNano = fixturePath(
    "../../Sources/Commands/CBundledModel/nano-int8.sam2", target: ".")

  private static func bytes(_ tensor: Tensor) -> [UInt8] { tensor.withUnsafeBytes { Array($0) } }

  /// Writes `checkpoint` as a model file and that as safetensors; gives both paths to `body`.
  private static func throughModelFile(
    _ checkpoint: any TensorCollection, _ storage: DType,
    _ body: (_ model: String, _ safetensors: String) throws -> Void
  ) throws {
    try withTemporaryFolder { folder in
      let (model, safetensors) = ("\(folder)/nano.sam2", "\(folder)/nano.safetensors")
      let imported = try ModelImporter.importModel(checkpoint, storage: storage)
      try ModelFile.write(imported.model, to: model, replaceExisting: false)
      let export = try ModelExporter.export(try ModelFile.open(model), dequantizing: false)
      #expect(export.dequantized.isEmpty && export.zeroed.isEmpty)
      _ = try SafetensorsWriter.write(export.tensors, to: safetensors, replaceExisting: false)
      try body(model, safetensors)
    }
  }

  @Test(arguments: [DType.float16, .float32]) func keepsEveryBit(storage: DType) throws {
    let original = try WeightSearch(try Checkpoint.open(RoundTripTests.nano).tensors).tensors
    try RoundTripTests.throughModelFile(original, storage) { model, safetensors in
      let opened = try Checkpoint.open(safetensors)
      #expect(opened.format == .safetensors)
      #expect(Set(opened.tensors.names) == Set(original.names))
      for name in original.names {
        let expected = try original.tensor(name).converted(to: storage)
        let tensor = try opened.tensors.tensor(name)
        #expect(tensor.dtype == storage && tensor.shape == expected.shape, "\(name)")
        #expect(RoundTripTests.bytes(tensor) == RoundTripTests.bytes(expected), "\(name)")
      }
      // The model file does not depend on the order of the checkpoint.
      let first = try ModelFile.open(model)
      let again = try ModelImporter.importModel(opened.tensors, storage: storage).model
      #expect(again.weights.names == first.weights.names)
      // Not inside #expect, which lists the differences of two arrays, and takes hours for these.
      let isSame = try ModelFile.encode(again) == (fileBytes(model) ?? [])
      #expect(isSame)
    }
  }

  @Test func quantizedModelsAreExportedOnlyWhenAsked() throws {
    // Evening out channels changes weights without changing the model: left out here.
    var recipe = Recipe()
    recipe.steps.formIntersection([.int8Storage, .int8Attention, .axialAttention])
    let imported = try ModelImporter.importModel(try Checkpoint.open(RoundTripTests.nano).tensors)
    let optimised = try Pipeline.run(on: imported.model).model
    let model = try Quantizer(recipe).quantize(optimised).model
    let thrown = #expect(throws: Failure.self) {
      try ModelExporter.export(model, dequantizing: false)
    }
    #expect(thrown?.code == "export.quantized" && thrown?.kind == .usage)

    let export = try ModelExporter.export(model, dequantizing: true)
    #expect(export.dequantized.count == 81)
    #expect(export.zeroed == ["no_mem_pos_enc"])
    #expect(export.tensors.names.count == 371)
    let products = export.refactored.filter { $0.hasSuffix(".weight") }.count / 2
    #expect(products > 2 && export.refactored.count == 4 * products)
    let original = try WeightSearch(try Checkpoint.open(RoundTripTests.nano).tensors).tensors
    for name in export.tensors.names where !export.refactored.contains(name) {
      let tensor = try export.tensors.tensor(name)
      if export.zeroed.contains(name) {
        #expect(tensor.floats().allSatisfy { $0 == 0 }, "\(name)")
        continue
      }
      let expected = try original.tensor(name)
      #expect(tensor.shape == expected.shape, "\(name)")
      let description = TensorDescription(dtype: tensor.dtype, shape: tensor.shape)
      #expect(export.tensors.description(of: name) == description)
      guard export.dequantized.contains(name) else {
        #expect(tensor.floats() == expected.floats(), "\(name)")
        continue
      }
      // Steps of 1/127 of each row's largest weight or less, a few of which are cut off: 42 dB.
      let closeness = Closeness(tensor.floats(), to: expected.floats())
      #expect(closeness.relativeL2 <= 0.01, "\(name) \(closeness)")
    }
    try expectEqualProducts(export, original)
  }

  /// Factors may differ from the checkpoint's, their products and biases may not.
  private func expectEqualProducts(
    _ export: ModelExporter.Export, _ original: any TensorCollection
  ) throws {
    // Weights come in pairs, the first factor first.
    let paths = export.refactored.filter { $0.hasSuffix(".weight") }.map { $0.dropLast(7) }
    for index in stride(from: 0, to: paths.count, by: 2) {
      let path = paths[index + 1]
      let ours = try product(export.tensors, String(paths[index]), String(path))
      let theirs = try product(original, String(paths[index]), String(path))
      // One rounding to float16 or int8 of the product.
      #expect(Closeness(ours.matrix, to: theirs.matrix).relativeL2 <= 0.01, "\(path)")
      #expect(Closeness(ours.bias, to: theirs.bias).relativeL2 <= 0.01, "\(path)")
    }
  }

  /// W_2 W_1, row-major, and W_2 b_1 + b_2.
  private func product(
    _ tensors: any TensorCollection, _ first: String, _ second: String
  ) throws -> (matrix: [Float], bias: [Float]) {
    let values = try tensors.tensor("\(first).weight")
    let moved = try tensors.tensor("\(first).bias").floats()
    let outputs = try tensors.tensor("\(second).weight")
    var bias = try tensors.tensor("\(second).bias").floats()
    let (rows, inner, columns) = (outputs.shape[0], outputs.shape[1], values.shape[1])
    let (left, right) = (outputs.floats(), values.floats())
    var matrix = [Float](repeating: 0, count: rows * columns)
    for row in 0..<rows {
      for k in 0..<inner {
        let factor = left[row * inner + k]
        bias[row] += factor * moved[k]
        for column in 0..<columns {
          matrix[row * columns + column] += factor * right[k * columns + column]
        }
      }
    }
    return (matrix, bias)
  }

  /// An export is a whole checkpoint: it converts, with the graphs of the original.
  @Test func whatAQuantizedModelGivesIsACheckpoint() throws {
    let model = try ModelFile.open(RoundTripTests.quantizedNano)
    let export = try ModelExporter.export(model, dequantizing: true)
    let configuration = try ModelConfiguration(json: try model.metadata.required("configuration"))
    let again = try ModelImporter.importModel(export.tensors, configuration: configuration).model
    let original = try ModelImporter.importModel(
      try Checkpoint.open(RoundTripTests.nano).tensors, configuration: configuration
    ).model
    #expect(again.weights.names == original.weights.names)
    #expect(again.graphs == original.graphs)
  }

  @Test func onlyTheOfficialWeightsAreExported() throws {
    let model = try ModelFile.open(RoundTripTests.quantizedNano)
    var more = model
    more.weights.set("stranger", Tensor([Float(1)], shape: [1]))
    var fewer = model
    fewer.weights.remove("no_mem_embed")
    for changed in [more, fewer] {
      #expect(throws: failure("export.weight")) {
        try ModelExporter.export(changed, dequantizing: true)
      }
    }
  }
}
