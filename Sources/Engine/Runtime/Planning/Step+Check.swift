internal import Bytes
internal import Graph

// Before a kernel runs, its packed weights and its operands agree: checked once, when a step is
// planned. A difference is a bug of the planner, and would be a read or write out of bounds.

extension Step {
  /// - Throws: `runtime.plan`, with graph and label.
  func check(in graph: Graph) throws(Failure) {
    for (position, operand) in operands.enumerated() {
      try require(
        operand.isContiguous || kernel.readsStrides(of: position),
        "operand \(position) is strided", graph)
      try require(
        !operand.isRepeated || kernel.readsRepeatedItems, "operand \(position) is repeated", graph)
    }
    switch kernel {
    case .single(let kernel): try check(kernel, graph)
    case .rows(let chain):
      try check(chain, source: operands[0].columns, graph)
      try require(
        chain.columns == result.columns
          && chain.sourceRows(result: result.rows) == operands[0].rows,
        "the rows of the chain do not fit its result", graph)
    case .image(let chain): try check(chain, graph)
    case .attention(let attention): try check(attention, graph)
    case .tokens(let attention): try check(attention, graph)
    case .roundTokens(let rounding):
      try require(
        operands.count == (rounding.addsCodes ? 3 : 2)
          && operands[0].shape == [rounding.items, rounding.tokenCount, rounding.channels]
          && operands[1].shape == [rounding.items, rounding.tokenCount, rounding.valueDepth]
          && result.elementCount * 4 == rounding.items * rounding.itemBytes,
        "tokens do not fit their rounding", graph)
    }
  }

  private func require(
    _ condition: Bool, _ what: @autoclosure () -> String, _ graph: Graph
  ) throws(Failure) {
    guard !condition else { return }
    throw Failure(
      .internalError, code: "runtime.plan", "\(label) (\(kernel.name)): \(what())",
      place: "graph \(graph.name)")
  }

  // MARK: Kernels

  private func check(_ kernel: OperatorKernel, _ graph: Graph) throws(Failure) {
    let fits: Bool
    switch kernel {
    case .linear(_, let weight):
      fits = weight.columns == result.columns && weight.depth == operands[0].columns
    case .quantizedLinear(_, let weight):
      fits = weight.columns == result.columns && weight.depth == operands[0].columns
    case .convolution(let p, let weight, _):
      fits =
        weight.columns == result.columns
        && weight.depth == p.kernel * p.kernel * operands[0].columns
    case .depthwise(let p, let taps):
      fits =
        taps.channels == operands[0].columns && taps.channels == result.columns
        && taps.area == p.kernel * p.kernel
    case .transposedConvolution(let cells):
      fits = cells.depth == operands[0].columns && cells.outputs == result.columns
    case .matmulTransposed, .layerNorm, .batchNorm, .activation, .combine, .affine, .rotatePairs,
      .dequantize, .maxPool, .averagePool, .resize, .windowPartition, .windowMerge, .copyRows,
      .repeat, .transpose, .concat,
      .slice, .gather, .fourierFeatures, .sineFeatures, .pixelGrid, .sineGrid, .rotaryTable, .fill:
      // No packed weights: shapes are those of `Op.resultType`.
      fits = true
    }
    try require(fits, "the packed weight does not fit", graph)
  }

  /// Links of a chain that reads rows of `source` columns.
  private func check(
    _ chain: RowChain, source: Int, _ graph: Graph
  ) throws(Failure) {
    if let norm = chain.norm {
      try require(
        operands[norm.weight].shape == [source] && operands[norm.bias].shape == [source],
        "the norm does not fit", graph)
    }
    var columns = source
    for product in chain.products {
      try require(product.depth == columns, "a product does not fit the one before", graph)
      columns = product.columns
      if let bias = product.bias {
        try require(operands[bias].shape == [columns], "a bias does not fit", graph)
      }
    }
    if let residual = chain.residual {
      try require(
        operands[residual].elementCount == result.elementCount
          && operands[residual].columns == columns, "the residual does not fit", graph)
    }
    if let rotation = chain.rotation {
      let (cosine, sine) = (operands[rotation.cosine].shape, operands[rotation.sine].shape)
      try require(
        cosine == sine && cosine.last == columns / 2 && rotation.rotated <= rotation.tokens,
        "the rotary table does not fit", graph)
    }
  }

  private func check(_ chain: ImageChain, _ graph: Graph) throws(Failure) {
    var shape = operands[0].shape
    for link in chain.links {
      let fits: Bool
      switch link {
      case .transposedConvolution(let cells):
        fits = cells.depth == shape[3]
        shape = [shape[0], shape[1] * cells.stride, shape[2] * cells.stride, cells.outputs]
      case .add(let position):
        let other = operands[position].shape
        fits =
          other.dropFirst() == shape.dropFirst() && (other[0] == 1 || other[0] == shape[0])
      case .norm(let norm):
        fits = operands[norm.weight].shape == [shape[3]] && operands[norm.bias].shape == [shape[3]]
      case .activate: fits = true
      case .filter(let position):
        let filters = operands[position].shape
        fits = filters.count == 3 && filters[0] == shape[0] && filters[2] == shape[3]
        shape = [shape[0], filters[1], shape[1] * shape[2]]
      }
      try require(fits, "a link of the image chain does not fit", graph)
    }
    try require(
      shape.reduce(1, *) == result.elementCount && shape.last == result.columns,
      "the image chain does not fit its result", graph)
  }

  private func check(_ attention: AttentionStep, _ graph: Graph) throws(Failure) {
    switch attention.keys {
    case .rows:
      let (query, keys, values) = (operands[0].shape, operands[1].shape, operands[2].shape)
      try require(
        query[0] == keys[0] && keys[0] == values[0] && query[2] == keys[2]
          && keys[1] == values[1] && result.shape == [query[0], query[1], values[2]],
        "queries, keys and values do not fit each other", graph)
    case .chain(let keys):
      let (source, query, values) = (
        operands[0].shape, operands[keys.query].shape, operands[keys.values].shape
      )
      try check(keys.chain, source: operands[0].columns, graph)
      try require(
        source.prefix(2) == values.prefix(2) && query[0] == values[0]
          && keys.chain.columns == query[2] && result.shape == [query[0], query[1], values[2]]
          && keys.chain.rotation.map { $0.tokens == values[1] } ?? true,
        "computed keys do not fit queries and values", graph)
      if let codes = keys.codes.map({ operands[$0].shape }) {
        try require(
          codes.dropFirst() == source.dropFirst() && (codes[0] == 1 || codes[0] == source[0]),
          "codes do not fit the rows", graph)
      }
    case .windows(let windows):
      let columns = windows.columns
      try check(windows.head, source: operands[0].columns, graph)
      try check(windows.tail, source: columns.valueWidth, graph)
      try require(
        [
          columns.query + columns.queryWidth, columns.key + columns.queryWidth,
          columns.value + columns.valueWidth,
        ].allSatisfy { $0 <= windows.head.columns }
          && windows.head.sourceRows(result: windows.layout.windowCount * columns.keyCount)
            == operands[0].rows
          && windows.tail.sourceRows(result: result.rows)
            == windows.layout.windowCount * columns.queryCount
          && windows.tail.columns == result.columns
          && windows.merge.window == columns.querySide,
        "windows do not fit the map", graph)
    case .tokens(let keys):
      let (query, tokens) = (operands[0].shape, keys.tokens)
      try require(
        query[0] == tokens.items && query[2] == keys.projection.depth
          && tokens.depth == keys.projection.depth && tokens.channels == keys.projection.channels
          && operands[1].elementCount * 4 == tokens.items * tokens.itemBytes
          && result.shape == [query[0], query[1], tokens.valueDepth],
        "queries do not fit the rounded tokens", graph)
    }
  }

  private func check(_ attention: TokenAttention, _ graph: Graph) throws(Failure) {
    let fits: Bool
    switch attention {
    case .tokensToImage(let attention):
      let (size, keys, values) = (attention.size, attention.keys, attention.values)
      fits =
        rowsFit(keys, size, .back) && rowsFit(values, size, .forward)
        && operands[0].shape.dropFirst() == [size.tokens, size.heads * size.headDepth]
        && result.shape.dropFirst() == [size.tokens, size.heads * size.headDepth]
    case .imageToTokens(let attention):
      let size = attention.size
      let tokens = [size.tokens, size.heads * size.headDepth]
      fits =
        rowsFit(attention.queries, size, .back)
        && operands[attention.keys].shape.dropFirst() == tokens[...]
        && operands[attention.values].shape.dropFirst() == tokens[...]
        && attention.output.depth == size.headDepth
        && result.shape.dropFirst() == [size.cells, attention.output.columns]
    }
    try require(fits, "tokens and cells do not fit each other", graph)
  }

  /// Whether rows of cells have the depth that their projection, or heads side by side, ask for.
  private func rowsFit(
    _ cells: CellRows, _ size: TokenSizes, _ direction: PackedHeads.Direction
  ) -> Bool {
    let shape = operands[cells.source].shape
    guard shape.count == 3, shape[1] == size.cells, shape[2] == cells.depth,
      cells.position.map({ operands[$0].shape.dropFirst() == shape.dropFirst() }) ?? true
    else { return false }
    switch cells.projection {
    case .none: return cells.depth == size.heads * size.headDepth
    case .heads(let heads):
      return direction == .forward
        ? heads.depth == cells.depth && heads.columns == size.headDepth
        : heads.depth == size.headDepth && heads.columns == cells.depth
    }
  }
}

extension StepKernel {
  /// Whether the kernel reads operand `position` by its row stride.
  fileprivate func readsStrides(of position: Int) -> Bool {
    switch self {
    case .single(let kernel): kernel.readsStrides && position == 0
    case .rows(let chain): position == 0 || position == chain.residual
    case .image: false
    case .attention(let attention):
      switch attention.keys {
      case .rows: true
      case .chain(let keys):
        position == keys.query || position == keys.values || (position == 0 && keys.codes == nil)
      case .windows(let windows): position == 0 || position == windows.tail.residual
      case .tokens: position == 0
      }
    case .tokens, .roundTokens: true
    }
  }

  /// Whether one item may represent the whole batch.
  fileprivate var readsRepeatedItems: Bool {
    switch self {
    case .attention(let attention): if case .rows = attention.keys { true } else { false }
    case .tokens: true
    case .single, .rows, .image, .roundTokens: false
    }
  }
}

extension OperatorKernel {
  /// Whether the first operand may be strided.
  fileprivate var readsStrides: Bool {
    switch self {
    case .linear, .quantizedLinear, .layerNorm, .batchNorm, .rotatePairs, .maxPool, .copyRows: true
    case .matmulTransposed, .convolution, .depthwise, .transposedConvolution, .activation, .combine,
      .affine, .dequantize, .averagePool, .resize, .windowPartition, .windowMerge, .repeat,
      .transpose, .concat, .slice, .gather, .fourierFeatures, .sineFeatures, .pixelGrid, .sineGrid,
      .rotaryTable, .fill:
      false
    }
  }
}

extension RowChain {
  /// Rows of the source, for a result of `rows` rows.
  fileprivate func sourceRows(result rows: Int) -> Int {
    let rows = productRows(result: rows)
    return windows?.sourceRows(rows) ?? rows
  }
}
