internal import Graph

/// Operators on rows that run as one step: a block of rows goes through all of them inside one
/// thread's scratch, and what lies between them never reaches the arena.
///
/// In order: rows of `operands[0]`, taken as `windows` says; LayerNorm; one or more products, each
/// reading what the one before it wrote; the last adds a shortcut, or its result is pooled or
/// rotated. Every row meets the same kernels as in steps of their own, so the numbers are the same.
struct RowChain {
  struct Norm {
    /// Positions in the step's operands.
    let weight: Int
    let bias: Int
    let epsilon: Float
  }

  struct Product {
    let isQuantized: Bool
    let packed: PackedWeight
    /// Position in the step's operands.
    let bias: Int?
    let activation: Activation
  }

  /// Maximum over window x window places of a map.
  struct Pool {
    let window: Int
    /// Places in a row of the map.
    let width: Int
  }

  /// Rotation of channel pairs, by the token that a row is.
  struct Rotation {
    /// Positions of the tables in the step's operands.
    let cosine: Int
    let sine: Int
    /// Tokens of an item; those from `rotated` on stay as they are.
    let tokens: Int
    let rotated: Int
  }

  var norm: Norm?
  var windows: WindowRows?
  var products: [Product]
  /// Position in the step's operands.
  var residual: Int?
  var pool: Pool?
  var rotation: Rotation?

  /// Columns of the last product.
  var columns: Int { products.last?.packed.columns ?? 0 }

  /// Rows of the last product, for a result of `rows` rows.
  func productRows(result rows: Int) -> Int { rows * (pool?.window ?? 1) * (pool?.window ?? 1) }

  /// Multiply-accumulates for a result of `rows` rows, places of windows outside the image
  /// included, as the graph says.
  func work(rows: Int) -> Work {
    var work = Work()
    let productRows = productRows(result: rows)
    let rows = windows?.windowRows(result: productRows) ?? productRows
    for product in products {
      let count = Double(rows) * Double(product.packed.columns) * Double(product.packed.depth)
      if product.isQuantized { work.int8 += count } else { work.float += count }
    }
    return work
  }
}

/// Where the rows of a chain come from when it cuts an image into windows or puts it together.
struct WindowRows {
  enum Order {
    /// Rows are those of windows [B * windows, w, w], and come from an image.
    case windows
    /// Rows are those of an image [B, H, W], and come from its windows.
    case image
  }

  let order: Order
  let height: Int
  let width: Int
  let window: Int

  /// Rows of all windows, for a result of `rows` rows.
  func windowRows(result rows: Int) -> Int {
    switch order {
    case .windows: rows
    case .image: rows / max(1, height * width) * windowsPerImage * window * window
    }
  }

  private var windowsAcross: Int { (width + window - 1) / window }
  private var windowsPerImage: Int { windowsAcross * ((height + window - 1) / window) }

  /// Calls `body` for runs of at most `limit` rows that lie side by side at their source; nil is a
  /// place of a window outside the image, whose rows are zero.
  func forRuns(
    _ rows: Range<Int>, limit: Int, _ body: (_ source: Int?, _ first: Int, _ count: Int) -> Void
  ) {
    var row = rows.lowerBound
    while row < rows.upperBound {
      let (source, count) = run(at: row)
      let length = min(count, limit, rows.upperBound - row)
      body(source, row, length)
      row += length
    }
  }

  /// Source of a row, and how many rows from it on continue at the source.
  private func run(at row: Int) -> (source: Int?, count: Int) {
    let (across, perImage) = (windowsAcross, windowsPerImage)
    let area = window * window
    switch order {
    case .windows:
      let (index, place) = (row / area, row % area)
      let (item, inImage) = (index / perImage, index % perImage)
      let (dy, dx) = (place / window, place % window)
      let (y, x) = (inImage / across * window + dy, inImage % across * window + dx)
      guard y < height, x < width else { return (nil, window - dx) }
      return ((item * height + y) * width + x, min(window - dx, width - x))
    case .image:
      let (item, pixel) = (row / (height * width), row % (height * width))
      let (y, x) = (pixel / width, pixel % width)
      let index = item * perImage + y / window * across + x / window
      return (
        index * area + y % window * window + x % window, min(window - x % window, width - x)
      )
    }
  }
}
