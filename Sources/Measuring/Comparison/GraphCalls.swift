internal import Bytes
internal import Graph
internal import Runtime
internal import SAM2
internal import Synchronization
internal import Tensors

/// One call of each graph of a model, recorded while the model segments and tracks.
///
/// The last call is used, as the memory graphs then have the maximum memory.
final class GraphCalls: Sendable {
  private struct State {
    var unfinished: [String: [String: Tensor]] = [:]
    var calls: [String: [String: Tensor]] = [:]
  }

  private let state = Guarded(State())
  private let inputs: [String: [ValueID: Input]]

  private struct Input {
    let name: String
    let isInteger: Bool
  }

  private init(_ model: Model) {
    inputs = Dictionary(
      uniqueKeysWithValues: model.graphs.map { graph in
        let inputs = graph.inputs.map { name, value in
          (value, Input(name: name, isInteger: graph[value].type.element == .int32))
        }
        return (graph.name, Dictionary(inputs) { first, _ in first })
      })
  }

  /// The calls of a model's graphs while `body` uses it, keyed by graph and input.
  ///
  /// Graphs without inputs have an empty call.
  static func recorded(
    of model: Model, options: RuntimeOptions,
    _ body: (SegmentationModel) throws(Failure) -> Void
  ) throws(Failure) -> [String: [String: Tensor]] {
    let recorder = GraphCalls(model)
    let tap = ActivationTap(values: recorder.inputs.mapValues { Set($0.keys) }) {
      recorder.receive($0, $1, $2)
    }
    try body(SegmentationModel(model, options: options, tap: tap))
    var calls = recorder.state.withLock { $0.calls }
    for graph in model.graphs where graph.inputs.isEmpty { calls[graph.name] = [:] }
    return calls
  }

  private func receive(_ graph: String, _ value: ValueID, _ elements: TappedValue) {
    guard let names = inputs[graph], let input = names[value] else { return }
    let (values, shape) = (elements.elements(), Shape(elements.shape))
    // A tap passes four bytes per element, whatever the element type.
    let tensor =
      input.isInteger
      ? Tensor(values.map { Int32(bitPattern: $0.bitPattern) }, shape: shape)
      : Tensor(values, shape: shape)
    state.withLock { state in
      state.unfinished[graph, default: [:]][input.name] = tensor
      guard let call = state.unfinished[graph], call.count == names.count else { return }
      state.calls[graph] = call
      state.unfinished[graph] = nil
    }
  }
}
