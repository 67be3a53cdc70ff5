public import Bytes
public import Graph
internal import JSON
internal import ModelFile
public import Runtime
internal import Tensors

/// A small run of every graph of a model on inputs computed from a formula, with its results.
///
/// A file holds it, so that a machine, a build or a file with different results is detected.
///
/// Each graph runs on its own, on inputs that do not come from another graph, so that any
/// difference originates in that graph. Integer products are recorded as a hash of their sums,
/// which are the same on every kernel level. Everything else, which levels may round differently,
/// is recorded as some elements of each output and the size of all its elements.
public struct GoldenPrompt: Sendable, Hashable {
  /// Results of one graph.
  public struct Record: Sendable, Hashable {
    public let graph: String
    /// SHA-256 of the sums of its int8 products; nil for a graph that has none.
    public let integers: String?
    public let outputs: [Output]
  }

  /// One output of a graph.
  public struct Output: Sendable, Hashable {
    public let name: String
    /// Root mean square of all elements.
    public let size: Float
    /// Some elements, spread over the output.
    public let sample: [Float]
  }

  /// In the order of the model.
  public let records: [Record]

  /// Maximum elements kept per output.
  static let sampleLimit = 64

  init(records: [Record]) { self.records = records }

  /// Runs `model` one graph after another, releasing the packed weights of each afterwards.
  /// - Throws: what the runtime refuses.
  public init(
    running model: Model, options: RuntimeOptions = .init(),
    progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) throws(Failure) {
    var records: [Record] = []
    for graph in model.graphs {
      progress(records.count, model.graphs.count)
      let alone = Model(metadata: .object([]), graphs: [graph], weights: model.weights)
      let inputs = GoldenInputs(graph, of: model)
      let results = try Program(alone, options: options).run(graph.name, inputs.tensors)
      records.append(
        Record(
          graph: graph.name,
          integers: try IntegerProbe(graph, model.weights).digest(options: options),
          outputs: graph.outputs.map { Output($0.name, results[$0.name]?.floats() ?? []) }))
    }
    self.records = records
  }

  /// A placeholder that takes the same space in a file, for a model that has not been run.
  /// - Throws: `graph.unbound` for an unknown size.
  public static func placeholder(for model: Model) throws(Failure) -> GoldenPrompt {
    var records: [Record] = []
    for graph in model.graphs {
      let bound = try GoldenInputs(graph, of: model).bound(graph)
      let zeros = String(repeating: "0", count: 64)
      records.append(
        Record(
          graph: graph.name,
          integers: IntegerProbe(graph, model.weights).weights.isEmpty ? nil : zeros,
          outputs: bound.outputs.map { output in
            let count = bound[output.value].type.shape.reduce(1) { $0 * ($1.fixed ?? 0) }
            let sample = [Float](repeating: 0, count: min(count, sampleLimit))
            return Output(name: output.name, size: 0, sample: sample)
          }))
    }
    return GoldenPrompt(records: records)
  }
}

extension GoldenPrompt.Output {
  init(_ name: String, _ elements: [Float]) {
    self.name = name
    let squares = elements.reduce(0.0) { $0 + Double($1) * Double($1) }
    size = Float((squares / Double(max(1, elements.count))).squareRoot())
    // Spread by a hash: even steps would hit the same few channels over and over.
    let limit = GoldenPrompt.sampleLimit
    sample =
      elements.count <= limit
      ? elements
      : (0..<limit).map { elements[Int(GoldenInputs.hash($0, 0) % UInt64(elements.count))] }
  }
}
