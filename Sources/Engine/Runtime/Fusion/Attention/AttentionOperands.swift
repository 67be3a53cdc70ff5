internal import CKernels

/// Rows of an attention; heads are side by side in the channels.
///
/// Queries [items, queries, heads * headDepth], keys [items, keyCount, heads * headDepth], values
/// [items, keyCount, heads * valueDepth], results [items, queries, heads * valueDepth] without gaps.
struct AttentionOperands {
  /// The rows of one operand, with the floats from one to the next and from item to item.
  struct Rows {
    let start: UnsafePointer<Float>
    let stride: Int
    let itemStride: Int
  }

  let query: Rows
  let keys: Rows
  let values: Rows
  let out: UnsafeMutablePointer<Float>
  let items: Int
  let queries: Int
  let keyCount: Int
  let heads: Int
  let headDepth: Int
  let valueDepth: Int
  let scale: Float

  /// Problems: each head of each item is one.
  var problems: Int { items * heads }

  /// Whether a problem is so small that one task does all of it.
  var isSmall: Bool { Self.isSmall(queries: queries, keys: keyCount) }

  static func isSmall(queries: Int, keys: Int) -> Bool { queries * keys <= 512 * 512 }

  /// Number of small problems batched into one task: a window may have 16 tokens.
  var problemsPerTask: Int { max(1, 65_536 / max(1, queries * keyCount)) }

  /// Floats of one row of results.
  var outStride: Int { heads * valueDepth }

  func floatTask(_ problem: Int, queries range: Range<Int>) -> sam2_attention_f32 {
    let (item, head) = (problem / heads, problem % heads)
    var task = sam2_attention_f32()
    task.query = first(query, item, row: range.lowerBound) + head * headDepth
    task.ldq = query.stride
    task.values = first(values, item) + head * valueDepth
    task.ldv = values.stride
    task.out = out + (item * queries + range.lowerBound) * outStride + head * valueDepth
    task.ldo = outStride
    (task.queries, task.key_count) = (range.count, keyCount)
    (task.head_depth, task.value_depth, task.scale) = (headDepth, valueDepth, scale)
    return task
  }

  /// `keys` replace those of the problem's item.
  func quantizedTask(
    _ problem: Int, queries range: Range<Int>, keys own: Rows? = nil
  ) -> sam2_attention_s8 {
    let (item, head) = (problem / heads, problem % heads)
    let keys = own ?? keys
    var task = sam2_attention_s8()
    task.query = first(query, item, row: range.lowerBound) + head * headDepth
    task.ldq = query.stride
    task.keys = first(keys, item) + head * headDepth
    task.ldk = keys.stride
    task.values = first(values, item) + head * valueDepth
    task.ldv = values.stride
    task.out = out + (item * queries + range.lowerBound) * outStride + head * valueDepth
    task.ldo = outStride
    (task.queries, task.key_count) = (range.count, keyCount)
    (task.head_depth, task.value_depth, task.scale) = (headDepth, valueDepth, scale)
    return task
  }

  /// Keys of one problem.
  func keys(_ problem: Int) -> UnsafePointer<Float> {
    first(keys, problem / heads) + problem % heads * headDepth
  }

  private func first(_ rows: Rows, _ item: Int, row: Int = 0) -> UnsafePointer<Float> {
    rows.start + item * rows.itemStride + row * rows.stride
  }
}

extension Executor {
  func run(_ attention: AttentionStep, _ step: Step) {
    switch attention.keys {
    case .rows:
      switch attention.arithmetic {
      case .float: floatAttention(attention, step)
      case .int8: quantizedAttention(attention, step)
      }
    case .chain(let keys): run(keys, of: attention, step)
    case .windows(let windows): run(windows, of: attention, step)
    case .tokens(let keys): run(keys, of: attention, step)
    }
  }

  /// Operands 0, 1 and 2 as queries, keys and values.
  func attentionOperands(_ attention: AttentionStep, _ step: Step) -> AttentionOperands {
    let heads = attention.heads
    let (query, key, value) = (step.operands[0], step.operands[1], step.operands[2])
    // Items that share keys and values are merged into one item with all their queries.
    let isShared = key.isRepeated && value.isRepeated && !query.isRepeated
    func rows(_ view: View) -> AttentionOperands.Rows {
      .init(start: pointer(view), stride: view.rowStride, itemStride: view.itemStride)
    }
    return AttentionOperands(
      query: rows(query), keys: rows(key), values: rows(value), out: target(step),
      items: isShared ? 1 : query.shape[0], queries: isShared ? query.rows : query.shape[1],
      keyCount: key.shape[1], heads: heads, headDepth: query.shape[2] / heads,
      valueDepth: value.shape[2] / heads, scale: attention.scale)
  }
}
