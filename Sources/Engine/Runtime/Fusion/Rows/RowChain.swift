internal import Graph

/// Operators on rows that run as one step: a block of rows passes through all links inside one
/// thread's scratch, and nothing in between reaches the arena.
///
/// Links in order: LayerNorm; rows gathered into windows; one or more products, each of which reads
/// the result of the one before; rows put back into an image; a residual, a pool or a rotation.
/// Every row meets the same kernels as in separate steps, so the numbers are the same.
struct RowChain {
  enum Link {
    case norm(Norm)
    case windows(WindowRows)
    case product(Product)
    /// Position of the summand in the step's operands.
    case residual(Int)
    case pool(Pool)
    case rotation(Rotation)
  }

  struct Norm {
    /// Positions in the step's operands.
    let weight: Int
    let bias: Int
    let epsilon: Float
  }

  struct Product {
    enum Weight {
      case float(PackedMatrix)
      case int8(PackedInt8Matrix)
    }

    let weight: Weight
    /// Position in the step's operands.
    let bias: Int?
    let activation: Activation

    var isQuantized: Bool { if case .int8 = weight { true } else { false } }

    var columns: Int {
      switch weight {
      case .float(let matrix): matrix.columns
      case .int8(let matrix): matrix.columns
      }
    }

    var depth: Int {
      switch weight {
      case .float(let matrix): matrix.depth
      case .int8(let matrix): matrix.depth
      }
    }
  }

  /// Maximum over window x window pixels of a map.
  struct Pool {
    let window: Int
    /// Pixels in a row of the map.
    let width: Int
  }

  /// Rotation of channel pairs, by the token that a row is.
  struct Rotation {
    /// Positions of the tables in the step's operands.
    let cosine: Int
    let sine: Int
    /// Tokens of an item; those from `rotated` on are not rotated.
    let tokens: Int
    let rotated: Int
  }

  let links: [Link]
  // The links by kind, as the executor asks for them.
  private(set) var norm: Norm?
  private(set) var windows: WindowRows?
  private(set) var products: [Product] = []
  private(set) var residual: Int?
  private(set) var pool: Pool?
  private(set) var rotation: Rotation?
  /// Scratch of a block.
  let layout: RowChainLayout

  /// Nil when no link is a product.
  init?(_ links: [Link]) {
    self.links = links
    for link in links {
      switch link {
      case .norm(let norm): self.norm = norm
      case .windows(let windows): self.windows = windows
      case .product(let product): products.append(product)
      case .residual(let position): residual = position
      case .pool(let pool): self.pool = pool
      case .rotation(let rotation): self.rotation = rotation
      }
    }
    guard let first = products.first else { return nil }
    layout = RowChainLayout(
      first: first, products: products, copiesSource: norm != nil || windows != nil,
      keepsLast: pool != nil)
  }

  /// Columns of the last product.
  var columns: Int { products.last?.columns ?? 0 }

  /// Rows of the last product, for a result of `rows` rows.
  func productRows(result rows: Int) -> Int { rows * (pool?.window ?? 1) * (pool?.window ?? 1) }
}
