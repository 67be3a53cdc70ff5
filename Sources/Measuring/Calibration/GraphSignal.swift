internal import Bytes
internal import Glibc
internal import Graph
internal import Runtime
internal import Tensors

/// How accurately a quantised graph computes one output, for inputs recorded in floating point.
public struct GraphSignal: Sendable {
  public let graph: String
  public let output: String
  /// Number of calls compared.
  public let calls: Int
  /// Signal-to-noise ratio in decibels; infinite if nothing differs.
  public let sqnr: Double

  /// Compares two models on `calls` of their graphs.
  static func measure(
    exact: Model, rounded: Model, calls: [String: [PipelineRecorder.Call]], options: RuntimeOptions
  ) throws(Failure) -> [GraphSignal] {
    let (exactProgram, roundedProgram) = (
      try Program(exact, options: options), try Program(rounded, options: options)
    )
    var signals: [GraphSignal] = []
    for (graph, calls) in calls.sorted(by: { $0.key < $1.key }) {
      var sums: [String: (signal: Double, noise: Double)] = [:]
      for call in calls.prefix(4) {
        let expected = try exactProgram.run(graph, call)
        for (name, tensor) in try roundedProgram.run(graph, call) {
          guard let exact = expected[name]?.floats() else { continue }
          for (x, y) in zip(exact, tensor.floats()) {
            sums[name, default: (0, 0)].signal += Double(x * x)
            sums[name, default: (0, 0)].noise += Double((x - y) * (x - y))
          }
        }
      }
      for (name, sum) in sums.sorted(by: { $0.key < $1.key }) {
        let ratio = sum.noise > 0 ? 10 * log10(sum.signal / sum.noise) : .infinity
        signals.append(
          GraphSignal(graph: graph, output: name, calls: min(4, calls.count), sqnr: ratio))
      }
    }
    return signals
  }
}
