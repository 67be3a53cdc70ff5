import Checkpoints
import Graph
import SAM2Import
import TestSupport

/// The trained fixture model, imported once for all tests.
enum Nano {
  static let model = Result { () throws -> Model in
    let checkpoint = try Checkpoint.open(fixturePath("nano/nano.pt", target: "."))
    return try ModelImporter.importModel(checkpoint.tensors).model
  }
}
