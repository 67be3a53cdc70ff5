internal import Bytes
internal import Glibc
internal import Runtime
internal import Tensors

/// How far one output of a graph deviates from its expected value.
public struct OutputError: Sendable {
  public let graph: String
  public let output: String
  /// Root of the ratio of the summed squared differences to the summed squares; 0 if all bits are
  /// equal, infinite if something is not finite.
  public let relative: Double
  /// Whether all bits are equal.
  public let isExact: Bool

  init(_ graph: String, _ output: String, _ found: [Float], expected: [Float]) {
    self.graph = graph
    self.output = output
    isExact =
      found.count == expected.count
      && zip(found, expected).allSatisfy { $0.bitPattern == $1.bitPattern }
    guard !isExact, found.count == expected.count else {
      relative = isExact ? 0 : .infinity
      return
    }
    var (signal, noise) = (0.0, 0.0)
    for (x, y) in zip(found, expected) {
      let (x, y) = (Double(x), Double(y))
      signal += y * y
      noise += (x - y) * (x - y)
    }
    let ratio = signal > 0 ? (noise / signal).squareRoot() : .infinity
    relative = ratio.isFinite ? ratio : .infinity
  }

  /// Signal-to-noise ratio in decibels; infinite if nothing differs.
  public var decibels: Double { relative > 0 ? -20 * log10(relative) : .infinity }
}

/// Outputs of all of a model's graphs on given calls, keyed by graph and output.
typealias GraphOutputs = [String: [String: [Float]]]

extension Program {
  func outputs(on calls: [String: [String: Tensor]]) throws(Failure) -> GraphOutputs {
    var found: GraphOutputs = [:]
    for (graph, inputs) in calls where hasGraph(graph) {
      found[graph] = try run(graph, inputs).mapValues { $0.floats() }
    }
    return found
  }
}

/// The output that differs by the largest amount, with ties broken by name; nil without outputs.
func worstError(_ found: GraphOutputs, expected: GraphOutputs) -> OutputError? {
  var worst: OutputError?
  for (graph, outputs) in expected.sorted(by: { $0.key < $1.key }) {
    for (name, values) in outputs.sorted(by: { $0.key < $1.key }) {
      let error = OutputError(graph, name, found[graph]?[name] ?? [], expected: values)
      let isWorse =
        worst.map { error.relative > $0.relative || ($0.isExact && !error.isExact) } ?? true
      if isWorse { worst = error }
    }
  }
  return worst
}
