public import Bytes
public import Graph

/// The passes in the order in which they run.
public enum Pipeline {
  public static let standard: [Pass] = [
    .foldBatchNorms,
    .mergeDepthwiseBranches,
    .foldValuesIntoOutput,
    .mergeProducts,
    .fuseActivationIntoLinear,
    .fuseResidualIntoLinear,
    .eliminateDeadCode,
  ]

  /// The effect of one pass on one graph.
  public struct Entry: Sendable {
    public let pass: String
    public let graph: String
    public let nodesBefore: Int
    public let nodesAfter: Int
    public let change: GraphChange

    public init(pass: String, from old: Graph, to new: Graph) {
      self.pass = pass
      graph = old.name
      nodesBefore = old.nodes.count
      nodesAfter = new.nodes.count
      change = GraphChange(from: old, to: new)
    }
  }

  /// Runs `passes` on every graph of `model`, verifying the result of each, and drops the weights
  /// that no graph uses any more.
  /// - Returns: the rewritten model and a log of what changed.
  /// - Throws: `graph.*` when a pass breaks a graph, which is an internal error.
  public static func run(
    _ passes: [Pass] = standard, on model: Model
  ) throws(Failure) -> (model: Model, log: [Entry]) {
    var model = model
    var log: [Entry] = []
    let unused = Set(model.weights.names).subtracting(model.graphs.flatMap(\.weightNames))
    for pass in passes {
      for index in model.graphs.indices {
        let before = model.graphs[index]
        let after = try pass.rewrite(before, &model.weights)
        try after.verify()
        if after != before {
          log.append(Entry(pass: pass.name, from: before, to: after))
        }
        model.graphs[index] = after
      }
    }
    // Weights that one pass added and a later one replaced are dropped too; weights that nothing
    // used before are kept.
    let needed = unused.union(model.graphs.flatMap(\.weightNames))
    model.weights.keepOnly(needed)
    return (model, log)
  }
}
