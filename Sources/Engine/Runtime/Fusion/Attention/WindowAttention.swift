internal import Graph

/// Attention within windows that runs as one step: a few windows pass from the map through norm,
/// projection, attention and output projection back into the map, inside one thread's scratch.
///
/// Queries, keys and values of a whole map would be the largest thing in memory: 75 MB on the first
/// stage of an encoder for 1024 x 1024, and as much again with pooled queries. Every row meets the
/// same kernels as in separate steps, so the numbers are the same.
struct WindowAttention {
  /// From rows of the map, in windows, to queries, keys and values side by side.
  let head: RowChain
  let columns: WindowColumns
  /// From attended rows to the map; its source is not in the step's operands.
  let tail: RowChain
  /// The merge of windows at the end of `tail`.
  let merge: WindowRows
  let layout: WindowLayout
}

/// Queries, keys and values of a window as columns of the same rows.
struct WindowColumns {
  /// Side of a window.
  let side: Int
  /// Window over which queries are pooled; 1 = none.
  let pool: Int
  /// First columns.
  let query: Int
  let key: Int
  let value: Int
  /// Columns of queries (and keys), and of values, all heads together.
  let queryWidth: Int
  let valueWidth: Int

  var querySide: Int { side / pool }
  var keyCount: Int { side * side }
  var queryCount: Int { querySide * querySide }
}
