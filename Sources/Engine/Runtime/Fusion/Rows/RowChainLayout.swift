/// Scratch that a row chain needs for each row of its block.
struct RowChainLayout {
  /// Rows that are normalised at a time before they are quantised: they stay in L1.
  static let runRows = 8

  /// Columns of the source when it has to be copied, else 0.
  let firstColumns: Int
  let sourceColumns: Int
  /// Bytes of a row for each quantised product, else 0.
  let byteStrides: [Int]
  /// Columns that each product leaves in scratch: all but the last, which pooling keeps there too.
  let hiddenColumns: [Int]

  init(
    first: RowChain.Product, products: [RowChain.Product], copiesSource: Bool, keepsLast: Bool
  ) {
    sourceColumns = first.depth
    firstColumns = copiesSource && !first.isQuantized ? first.depth : 0
    byteStrides = products.map { $0.isQuantized ? aligned($0.depth) : 0 }
    let columns = products.map(\.columns)
    hiddenColumns = keepsLast ? columns : columns.dropLast()
  }

  var bytesPerRow: Int {
    firstColumns * 4 + (byteStrides.max() ?? 0) + hiddenColumns.reduce(0, +) * 4 + 8
  }

  func byteCount(rows: Int) -> Int {
    aligned(Self.runRows * sourceColumns * 4) + aligned(rows * firstColumns * 4)
      + aligned(rows * (byteStrides.max() ?? 0)) + 2 * aligned(rows * 4)
      + hiddenColumns.reduce(0) { $0 + aligned(rows * $1 * 4) }
  }
}
