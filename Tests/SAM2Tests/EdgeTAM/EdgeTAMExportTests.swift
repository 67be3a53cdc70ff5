import Bytes
import Graph
import Media
import Passes
import SAM2Import
import Tensors
import TestSupport
import Testing

@testable import SAM2

/// Checkpoints that EdgeTAM's models give back.
@Suite struct EdgeTAMExportTests {
  /// Relative L2 of mask logits: what folding, taking apart and folding again may cost.
  static let tolerance = 1e-4

  @Test func keepsEveryBit() throws {
    let export = try ModelExporter.export(EdgeTAMFixture.model.get(), dequantizing: false)
    #expect(export.refactored.isEmpty && export.zeroed.isEmpty)
    let original = FormulaCheckpoint(EdgeTAMFixture.configuration)
    #expect(export.tensors.names == original.names)
    for name in original.names {
      let (ours, theirs) = (try export.tensors.tensor(name), try original.tensor(name))
      let isSame =
        ours.dtype == theirs.dtype && ours.shape == theirs.shape
        && ours.withUnsafeBytes { a in theirs.withUnsafeBytes { a.elementsEqual($0) } }
      #expect(isSame, "\(name)")
    }
  }

  /// Norms and branches that are folded come back as others that compute the same.
  @Test func foldedNormsAreTakenApart() throws {
    let model = try EdgeTAMFixture.model.get()
    let folded = try Pipeline.run(on: model).model
    #expect(throws: failure("export.quantized")) {
      try ModelExporter.export(folded, dequantizing: false)
    }
    let export = try ModelExporter.export(folded, dequantizing: true)
    #expect(export.tensors.names == FormulaCheckpoint(EdgeTAMFixture.configuration).names)
    let again = try ModelImporter.importModel(
      export.tensors, configuration: EdgeTAMFixture.configuration
    ).model
    let masks = try [model, again].map { model in
      let predictor = ImagePredictor(try SegmentationModel(model))
      try predictor.setImage(ImageReader.read(EdgeTAMFixture.path("clip/000.png")))
      return try predictor.predict(Prompt(points: [.init(x: 34, y: 27)]))
        .lowResolutionLogits.floats()
    }
    let closeness = Closeness(masks[1], to: masks[0])
    #expect(closeness.relativeL2 <= Self.tolerance, "\(closeness)")
  }
}
