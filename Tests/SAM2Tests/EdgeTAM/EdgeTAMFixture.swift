import Bytes
import Graph
import JSON
import SAM2Config
import SAM2Import
import Tensors
import TestSupport

@testable import SAM2

/// EdgeTAM at small widths, and what the official network answers: `Tests/Fixtures/edgetam`.
enum EdgeTAMFixture {
  /// The numbers at the top of `Scripts/make_edgetam_fixtures.py`.
  static let configuration: ModelConfiguration = {
    var repvit = RepViT()
    (repvit.embedDims, repvit.depths) = ([8, 16, 24, 32], [2, 1, 2, 1])
    var perceiver = ModelConfiguration.Memory.Perceiver()
    (perceiver.latents, perceiver.latents2D) = (16, 16)
    var c = KnownVariants.named("edgetam") ?? ModelConfiguration()
    c.variant = "custom"
    c.imageSize = 128
    c.trunk = .repvit(repvit)
    c.dModel = 32
    c.memory.dim = 16
    c.memory.attention.feedforward = 64
    c.memory.perceiver = perceiver
    return c
  }()

  /// Imported once for all tests.
  static let model = Result { () throws(Failure) -> Model in
    try ModelImporter.importModel(
      FormulaCheckpoint(configuration), configuration: configuration
    ).model
  }

  static func path(_ name: String) -> String {
    fixturePath("edgetam/" + name, target: "..")
  }

  static func reference() throws -> JSONValue {
    try JSONValue(parsing: fileBytes(path("reference.json")) ?? [])
  }
}
