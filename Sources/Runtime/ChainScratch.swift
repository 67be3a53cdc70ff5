// How a chain lays out a thread's scratch.

/// What a chain needs per row of its block.
struct ChainLayout {
  /// Rows that are normalised at a time before they are quantised: they stay in L1.
  static let runRows = 8

  /// Columns of the source when it has to be copied, else 0.
  let firstColumns: Int
  let sourceColumns: Int
  /// Bytes of a row for each quantised product, else 0.
  let byteStrides: [Int]
  /// Columns that each product leaves in scratch: all but the last, which pooling keeps there too.
  let hiddenColumns: [Int]

  init(_ chain: RowChain) {
    let depth = chain.products[0].packed.depth
    let copies = chain.norm != nil || chain.windows != nil
    sourceColumns = depth
    firstColumns = copies && !chain.products[0].isQuantized ? depth : 0
    byteStrides = chain.products.map { $0.isQuantized ? aligned($0.packed.depth) : 0 }
    let columns = chain.products.map(\.packed.columns)
    hiddenColumns = chain.pool == nil ? columns.dropLast() : columns
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

/// Parts of a thread's scratch while it runs a chain.
struct ChainScratch {
  let run: UnsafeMutablePointer<Float>
  let first: UnsafeMutablePointer<Float>
  let bytes: UnsafeMutablePointer<UInt8>
  let rowScale: UnsafeMutablePointer<Float>
  let rowZero: UnsafeMutablePointer<Int32>
  private let layout: ChainLayout
  private let rows: Int
  private let hiddenBase: UnsafeMutableRawPointer

  init(_ layout: ChainLayout, rows: Int, base: UnsafeMutableRawPointer) {
    (self.layout, self.rows) = (layout, rows)
    var next = base
    func take(_ byteCount: Int) -> UnsafeMutableRawPointer {
      defer { next += aligned(byteCount) }
      return next
    }
    run = take(ChainLayout.runRows * layout.sourceColumns * 4)
      .assumingMemoryBound(to: Float.self)
    first = take(rows * layout.firstColumns * 4).assumingMemoryBound(to: Float.self)
    bytes = take(rows * (layout.byteStrides.max() ?? 0)).assumingMemoryBound(to: UInt8.self)
    rowScale = take(rows * 4).assumingMemoryBound(to: Float.self)
    rowZero = take(rows * 4).assumingMemoryBound(to: Int32.self)
    hiddenBase = next
  }

  func byteStride(_ product: Int) -> Int { layout.byteStrides[product] }

  /// Where product `index` writes when another follows.
  func hidden(_ index: Int) -> UnsafeMutablePointer<Float> {
    let before = layout.hiddenColumns[..<index].reduce(0) { $0 + aligned(rows * $1 * 4) }
    return (hiddenBase + before).assumingMemoryBound(to: Float.self)
  }
}

/// Rows that a product reads or adds.
struct ProductRows {
  var start: UnsafePointer<Float>
  /// Floats from one row to the next.
  var stride: Int
  var count: Int
}
