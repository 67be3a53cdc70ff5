internal import Graph

extension Executor {
  func axialAttention(_ step: Step, _ parameters: AxialAttention) {
    preconditionFailure("axial_attention")
  }
}
