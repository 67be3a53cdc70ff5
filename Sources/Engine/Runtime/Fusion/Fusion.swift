internal import Bytes
internal import Graph

/// A way to run several nodes of a graph as one step.
///
/// Each fusion has a folder here with its finder, its plan and its run.
struct Fusion: Sendable {
  let name: String
  /// Whether results differ by rounding from those of separate steps; the others keep every bit.
  var changesNumbers = false
  /// Claims the nodes that run together.
  let find: @Sendable (inout FusionSearch) -> Void

  /// All fusions in the order in which they look for nodes: an earlier one has the first choice, and
  /// a later one may take over what an earlier one found.
  static let inOrder: [Fusion] = [
    .imageChains,
    .tokenAttention,
    .rowChains,
    .windowAttention,
    .computedKeys,
    .codedTokens,
    .convolutionResiduals,
  ]
}

/// Nodes that run as one step, as a fusion found them.
enum FusedNodes {
  case image(ImageChainPattern)
  case tokens(TokenAttentionPattern)
  case rows(RowChainPattern)
  case windows(WindowAttentionPattern)
  case keys(ComputedKeysPattern)
  case axial(CodedTokensPattern)
  case convolution(ConvolutionResidualPattern)

  /// The node whose result the step writes; the step runs in its place.
  var end: Int {
    switch self {
    case .image(let pattern): pattern.end
    case .tokens(let pattern): pattern.end
    case .rows(let pattern): pattern.end
    case .windows(let pattern): pattern.tail.end
    case .keys(let pattern): pattern.attention
    case .axial(let pattern): pattern.attention
    case .convolution(let pattern): pattern.sum
    }
  }

  /// The other nodes of the step; some may be part of further steps too.
  var absorbed: [Int] {
    switch self {
    case .image(let pattern): pattern.absorbed
    case .tokens(let pattern): pattern.absorbed
    case .rows(let pattern): pattern.allAbsorbed
    case .windows(let pattern): pattern.absorbed
    case .keys(let pattern): pattern.absorbed
    case .axial(let pattern): [pattern.sum.node]
    case .convolution(let pattern): [pattern.convolution]
    }
  }

  func plan(_ planner: inout Planner) throws(Failure) {
    switch self {
    case .image(let pattern): try planner.plan(pattern)
    case .tokens(let pattern): try planner.plan(pattern)
    case .rows(let pattern): try planner.plan(pattern)
    case .windows(let pattern): try planner.plan(pattern)
    case .keys(let pattern): try planner.plan(pattern)
    case .axial(let pattern): try planner.plan(pattern)
    case .convolution(let pattern): try planner.plan(pattern)
    }
  }
}

/// The fused nodes of a bound graph, as far as they are found.
struct FusionSearch {
  let uses: GraphUses
  /// Width of the float kernels' vectors.
  let lanes: Int
  /// By the end of their steps.
  private(set) var found: [Int: FusedNodes] = [:]
  /// Nodes that have no step of their own.
  private(set) var absorbed: Set<Int> = []

  var graph: Graph { uses.graph }

  init(_ uses: GraphUses, lanes: Int) {
    (self.uses, self.lanes) = (uses, lanes)
  }

  /// Looks for `fusions`, in order.
  mutating func run(_ fusions: [Fusion]) {
    for fusion in fusions { fusion.find(&self) }
  }

  /// Running nodes that no fusion has claimed, in graph order.
  var freeNodes: [Int] {
    graph.nodes.indices.filter { uses.isRunning[$0] && !isClaimed($0) }
  }

  func isClaimed(_ node: Int) -> Bool { absorbed.contains(node) || found[node] != nil }

  mutating func claim(_ nodes: FusedNodes) {
    found[nodes.end] = nodes
    absorbed.formUnion(nodes.absorbed)
  }

  /// Lets the row chain that ends at `end` become part of another step.
  mutating func takeOver(rowChainAt end: Int) { found[end] = nil }

  /// The row chains by their ends.
  var rowChains: [Int: RowChainPattern] {
    found.compactMapValues { if case .rows(let pattern) = $0 { pattern } else { nil } }
  }
}
