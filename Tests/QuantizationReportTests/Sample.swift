import Bytes
import Calibration
import Checkpoints
import Comparison
import Graph
import JSON
import Passes
import Quantizer
import SAM2Import
import Tensors
import TestSupport

@testable import QuantizationReport

/// A report's content for the trained fixture model, made once for all tests.
enum Sample {
  static let content = Result { () throws -> ReportContent in
    let checkpoint = try Checkpoint.open(fixturePath("nano/nano.pt", target: "."))
    let model = try ModelImporter.importModel(checkpoint.tensors).model
    let (optimised, log) = try Pipeline.run(on: model)
    let (quantized, decisions) = try Quantizer().quantize(optimised)
    let comparison = try ModelComparison(
      reference: model, candidate: quantized, pictures: Array(PictureTask.samples.prefix(2)),
      clips: [.sample(frameLimit: 6)])
    return ReportContent(
      command: ["sam2-quantize", "nano.sam2", "-o", "nano-int8.sam2", "--report", "report"],
      tool: "sam2-quantize 0", input: .init(name: "nano.sam2", byteCount: 18_000_000, sha256: "ab"),
      output: .init(name: "nano-int8.sam2", byteCount: 5_200_000, sha256: "cd"), before: model,
      after: quantized, log: log + QuantizationStage.log(from: optimised, to: quantized),
      decisions: decisions, recipe: ["steps": []], calibrated: nil, minimumIoU: nil,
      comparison: comparison, pictureOrigin: .sample, clipOrigin: .sample)
  }

  /// A small model whose weights and layers have bad names.
  static func hostile(names: [String]) throws -> (Model, [Pipeline.Entry], [Decision]) {
    var builder = GraphBuilder("encode_image")
    var weights = WeightTable()
    var x = builder.input("x", .float(4, 64))
    for name in names {
      weights.set(name, Tensor([Float](repeating: 0.5, count: 64 * 64), shape: [64, 64]))
      let weight = builder.weight(name, .float(64, 64))
      x = try builder.add(.linear(Linear(hasBias: false)), [x, weight], label: name)
      x = try builder.add(.activation(.gelu), [x], label: name)
    }
    builder.output("y", x)
    let model = Model(metadata: .object([]), graphs: [builder.graph], weights: weights)
    let (optimised, log) = try Pipeline.run(on: model)
    let (quantized, decisions) = try Quantizer().quantize(optimised)
    return (quantized, log, decisions)
  }
}
