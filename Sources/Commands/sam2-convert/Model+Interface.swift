import Bytes
import DetectorConfig
import Graph
import ModelInterface
import SAM2Config

extension Model {
  /// Checks that the graphs are those implied by the configuration in the metadata, for any kind of
  /// model.
  /// - Throws: `model.architecture`, `model.interface`, `config.*`, `json.*`.
  func verifyInterface() throws(Failure) {
    switch try Architecture(metadata: metadata) {
    case .sam2: try ModelInterface.verify(self)
    case .owlv2, .owlvit: try DetectorInterface.verify(self)
    }
  }
}
