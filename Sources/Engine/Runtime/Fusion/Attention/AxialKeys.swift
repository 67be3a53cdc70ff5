internal import Graph

/// Keys of axial attention: the rounded tokens, and the projection that the queries take instead.
struct AxialKeys {
  let tokens: TokenRounding
  let projection: PackedAxialProjection
}

/// Tokens and values of axial attention, rounded in the order that the grid asks for; layers that
/// read the same ones share them.
///
/// Operands: tokens [B, M, C], values [B, M, E], and codes [1 or B, M, C] if `addsCodes`. The result
/// is `itemBytes` per item, in the layout of the kernels.
struct TokenRounding {
  let grid: AxialGrid
  let depth: Int
  let channels: Int
  let valueDepth: Int
  /// Whole frames of tokens, which have a position on the grid, and the tokens after them.
  let frames: Int
  let rest: Int
  let items: Int
  let addsCodes: Bool
  let itemBytes: Int

  /// Tokens of an item.
  var tokenCount: Int { frames * grid.height * grid.width + rest }
}

/// Identifies rounded tokens: axial attentions with equal keys read the same ones.
struct RoundedTokensKey: Hashable {
  let tokens: ValueID
  let values: ValueID
  let codes: ValueID?
  let grid: AxialGrid
  let rotated: Int
  let depth: Int
}

/// Axial attention whose tokens are a sum that nothing else reads: it is computed as they are
/// rounded.
struct CodedTokensPattern {
  let attention: Int
  let sum: CodedRows
}

extension Fusion {
  /// Axial attention that adds the codes of its tokens, where nothing else needs the sums.
  static let codedTokens = Fusion(name: "coded tokens") { search in
    let attentions = search.freeNodes.filter { index in
      if case .axialAttention = search.graph.nodes[index].op { true } else { false }
    }
    let graph = search.graph
    for (tokens, readers) in Dictionary(grouping: attentions, by: { graph.nodes[$0].operands[1] }) {
      guard let sum = CodedRows(tokens, readers: readers.count, search.uses),
        !search.isClaimed(sum.node)
      else { continue }
      for index in readers { search.claim(.axial(CodedTokensPattern(attention: index, sum: sum))) }
    }
  }
}
