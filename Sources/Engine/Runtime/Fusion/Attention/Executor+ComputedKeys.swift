internal import CKernels
internal import Graph

// Int8 attention whose keys are computed tile by tile.

extension Executor {
  /// Tiles of keys that go through the chain at once: their rows stay in L2.
  private static var chainTiles: Int { 2 }

  func run(_ keys: ComputedKeys, of attention: AttentionStep, _ step: Step) {
    let operands = attentionOperands(keys, attention, step)
    let columns = keys.chain.columns
    let maximum = Self.chainTiles * Int(SAM2_KEY_TILE)
    let chainBytes = keys.chain.layout.byteCount(rows: maximum)
    let keyBytes = maximum * columns * 4
    let sumBytes = keys.codes == nil ? 0 : maximum * step.operands[0].columns * 4
    reserveThreadScratch(byteCount: chainBytes + keyBytes + sumBytes)
    attendGlobally(operands) { item, tiles, worker, prepare in
      let base = threadScratch(worker)
      let scratch = RowChainScratch(keys.chain.layout, rows: maximum, base: base)
      let rows = (base + chainBytes).assumingMemoryBound(to: Float.self)
      let sums = (base + chainBytes + keyBytes).assumingMemoryBound(to: Float.self)
      for first in stride(from: tiles.lowerBound, to: tiles.upperBound, by: Self.chainTiles) {
        let part = first..<min(tiles.upperBound, first + Self.chainTiles)
        let firstKey = first * Int(SAM2_KEY_TILE)
        let last = min(operands.keyCount, part.upperBound * Int(SAM2_KEY_TILE))
        let before = item * operands.keyCount
        let source = keys.codes.map {
          sum(step, codes: $0, item: item, keys: firstKey..<last, to: sums)
        }
        run(
          keys.chain, step, rows: (before + firstKey)..<(before + last), of: source, scratch,
          to: rows)
        if let rotation = keys.chain.rotation {
          rotate(rotation, step, rows, columns: columns, keys: firstKey..<last)
        }
        // Offset as if all keys were stored: only those of these tiles are read.
        let start = UnsafePointer(rows) - firstKey * columns
        prepare(part, .init(start: start, stride: columns, itemStride: 0))
      }
    }
  }

  /// Writes the source of `keys`, rows and codes added, to `sums`.
  /// - Returns: rows offset as if those of all items were stored: only those of `keys` are read.
  private func sum(
    _ step: Step, codes position: Int, item: Int, keys: Range<Int>,
    to sums: UnsafeMutablePointer<Float>
  ) -> ProductRows {
    let (x, codes) = (step.operands[0], step.operands[position])
    let columns = x.columns
    let firstRow = item * x.shape[1] + keys.lowerBound
    let firstCode = (codes.shape[0] == 1 ? 0 : item * x.shape[1]) + keys.lowerBound
    let (source, code) = (pointer(x), pointer(codes))
    kernels.pointee.add_f32(
      source + firstRow * columns, code + firstCode * columns, sums, keys.count * columns)
    return ProductRows(
      start: UnsafePointer(sums) - firstRow * columns, stride: columns, count: x.rows)
  }

  /// Rotates keys where they are.
  private func rotate(
    _ rotation: RowChain.Rotation, _ step: Step, _ rows: UnsafeMutablePointer<Float>,
    columns: Int, keys: Range<Int>
  ) {
    let cosine = step.operands[rotation.cosine]
    let rotated = max(0, min(keys.upperBound, rotation.rotated) - keys.lowerBound)
    kernels.pointee.rotate_pairs_f32(
      rows, columns, rows, columns, rotated, columns, pointer(cosine),
      pointer(step.operands[rotation.sine]), cosine.shape[0], keys.lowerBound)
  }

  private func attentionOperands(
    _ keys: ComputedKeys, _ attention: AttentionStep, _ step: Step
  ) -> AttentionOperands {
    let (query, value) = (step.operands[keys.query], step.operands[keys.values])
    func rows(_ view: View) -> AttentionOperands.Rows {
      .init(start: pointer(view), stride: view.rowStride, itemStride: view.itemStride)
    }
    // The source replaces the keys, which are never stored whole.
    return AttentionOperands(
      query: rows(query), keys: rows(step.operands[0]), values: rows(value), out: target(step),
      items: query.shape[0], queries: query.shape[1], keyCount: value.shape[1],
      heads: attention.heads, headDepth: query.shape[2] / attention.heads,
      valueDepth: value.shape[2] / attention.heads, scale: attention.scale)
  }
}
