internal import Bytes
internal import Graph
internal import Quantizer
internal import Runtime
internal import Synchronization
internal import Tensors

/// Observes a model as it runs, recording statistics of product inputs, and whole graph calls to be
/// replayed.
final class PipelineRecorder: Sendable {
  /// The inputs of one call of a graph, by name.
  typealias Call = [String: Tensor]

  private struct State {
    var statistics: [String: ChannelStatistics] = [:]
    var calls: [String: [Call]] = [:]
    var unfinished: [String: Call] = [:]
    var isWatching = true
    var keepsCalls = false
  }

  /// The role of a tapped value.
  private struct Watch {
    /// Weights of the products that read it; the first represents all.
    var weights: [String] = []
    /// The name of the graph input, if it is one.
    var input: String?
  }

  private let state = Guarded(State())
  private let watches: [String: [ValueID: Watch]]
  private let inputCounts: [String: Int]
  /// Maximum number of calls kept per graph.
  let callLimit: Int

  /// Observes the products of `model` whose weights are in `weights`.
  init(_ model: Model, weights: Set<String>, callLimit: Int) {
    var watches: [String: [ValueID: Watch]] = [:]
    var inputCounts: [String: Int] = [:]
    for graph in model.graphs {
      var found: [ValueID: Watch] = [:]
      for node in graph.nodes {
        guard node.operands.count > 1,
          case .weight(let name) = graph[node.operands[1]].definition, weights.contains(name)
        else { continue }
        found[node.operands[0], default: Watch()].weights.append(name)
      }
      guard !found.isEmpty else { continue }
      for (name, value) in graph.inputs { found[value, default: Watch()].input = name }
      watches[graph.name] = found
      inputCounts[graph.name] = graph.inputs.count
    }
    self.watches = watches
    self.inputCounts = inputCounts
    self.callLimit = callLimit
  }

  var tap: ActivationTap {
    ActivationTap(values: watches.mapValues { Set($0.keys) }) { graph, value, elements in
      self.receive(graph, value, elements)
    }
  }

  /// Sets whether products are observed and calls kept, from now on.
  func set(isWatching: Bool, keepsCalls: Bool) {
    state.withLock {
      $0.isWatching = isWatching
      $0.keepsCalls = keepsCalls
      $0.unfinished = [:]
    }
  }

  private func receive(_ graph: String, _ value: ValueID, _ elements: TappedValue) {
    guard let watch = watches[graph]?[value] else { return }
    state.withLock { state in
      if state.keepsCalls, let name = watch.input,
        state.calls[graph]?.count ?? 0 < callLimit
      {
        keep(name, of: graph, elements, &state)
      }
      guard state.isWatching, let first = watch.weights.first else { return }
      state.statistics[first, default: ChannelStatistics(channels: elements.columns)].add(elements)
    }
  }

  private func keep(
    _ input: String, of graph: String, _ elements: TappedValue, _ state: inout State
  ) {
    state.unfinished[graph, default: [:]][input] = Tensor(
      elements.elements(), shape: Shape(elements.shape))
    guard let call = state.unfinished[graph], call.count == inputCounts[graph] else { return }
    state.calls[graph, default: []].append(call)
    state.unfinished[graph] = nil
  }

  /// The statistics so far.
  var profile: CalibrationProfile {
    let statistics = state.withLock { $0.statistics }
    var inputs: [String: CalibrationProfile.Input] = [:]
    for watch in watches.values.flatMap(\.values) {
      guard let input = watch.weights.first.flatMap({ statistics[$0]?.input }) else { continue }
      for weight in watch.weights { inputs[weight] = input }
    }
    return CalibrationProfile(inputs: inputs)
  }

  /// The calls that were kept, by graph.
  var calls: [String: [Call]] { state.withLock { $0.calls } }
}
