internal import CKernels
internal import Graph

// Int8 attention whose keys are made tile by tile.

extension Executor {
  /// Tiles of keys that go through the chain at once: their rows stay in L2.
  private static var chainTiles: Int { 2 }

  func run(_ attention: KeyChain, _ step: Step) {
    let operands = attentionOperands(attention, step)
    let columns = attention.chain.columns
    let most = Self.chainTiles * Int(SAM2_KEY_TILE)
    let chainBytes = attention.layout.byteCount(rows: most)
    let keyBytes = most * columns * 4
    let sumBytes = attention.codes == nil ? 0 : most * step.operands[0].columns * 4
    reserveThreadScratch(byteCount: chainBytes + keyBytes + sumBytes)
    attendGlobally(operands) { item, tiles, worker, prepare in
      let base = threadScratch(worker)
      let scratch = ChainScratch(attention.layout, rows: most, base: base)
      let rows = (base + chainBytes).assumingMemoryBound(to: Float.self)
      let sums = (base + chainBytes + keyBytes).assumingMemoryBound(to: Float.self)
      for first in stride(from: tiles.lowerBound, to: tiles.upperBound, by: Self.chainTiles) {
        let part = first..<min(tiles.upperBound, first + Self.chainTiles)
        let firstKey = first * Int(SAM2_KEY_TILE)
        let last = min(operands.keyCount, part.upperBound * Int(SAM2_KEY_TILE))
        let before = item * operands.keyCount
        let source = attention.codes.map {
          sum(step, codes: $0, item: item, keys: firstKey..<last, to: sums)
        }
        run(
          attention.chain, step, rows: (before + firstKey)..<(before + last), of: source, scratch,
          to: rows)
        if let rotation = attention.chain.rotation {
          rotate(rotation, step, rows, columns: columns, keys: firstKey..<last)
        }
        // As if all keys were there: only those of these tiles are read.
        let start = UnsafePointer(rows) - firstKey * columns
        prepare(part, .init(start: start, stride: columns, itemStride: 0))
      }
    }
  }

  /// Writes the source of `keys`, rows and codes added, to `sums`.
  /// - Returns: the rows of all items, as if they were all there: only those of `keys` are read.
  private func sum(
    _ step: Step, codes position: Int, item: Int, keys: Range<Int>,
    to sums: UnsafeMutablePointer<Float>
  ) -> ProductRows {
    let (x, codes) = (step.operands[0], step.operands[position])
    let columns = x.columns
    let firstRow = item * x.shape[1] + keys.lowerBound
    let firstCode = (codes.shape[0] == 1 ? 0 : item * x.shape[1]) + keys.lowerBound
    let (source, code) = (contiguous(x), contiguous(codes))
    kernels.pointee.add_f32(
      source + firstRow * columns, code + firstCode * columns, sums, keys.count * columns)
    return ProductRows(
      start: UnsafePointer(sums) - firstRow * columns, stride: columns, count: x.rows)
  }

  private func rotate(
    _ rotation: RowChain.Rotation, _ step: Step, _ rows: UnsafeMutablePointer<Float>,
    columns: Int, keys: Range<Int>
  ) {
    let cosine = step.operands[rotation.cosine]
    let turning = max(0, min(keys.upperBound, rotation.rotated) - keys.lowerBound)
    kernels.pointee.rotate_pairs_f32(
      rows, columns, rows, columns, turning, columns, pointer(cosine),
      pointer(step.operands[rotation.sine]), cosine.shape[0], keys.lowerBound)
  }

  private func attentionOperands(_ attention: KeyChain, _ step: Step) -> AttentionOperands {
    let (query, value) = (step.operands[attention.query], step.operands[attention.values])
    func rows(_ view: View) -> AttentionOperands.Rows {
      .init(start: pointer(view), stride: view.rowStride, itemStride: view.itemStride)
    }
    // Stands for the keys, which are never all there.
    let source = rows(step.operands[0])
    return AttentionOperands(
      query: rows(query), keys: source, values: rows(value), out: target(step),
      items: query.shape[0], queries: query.shape[1], keyCount: value.shape[1],
      heads: attention.heads, headDepth: query.shape[2] / attention.heads,
      valueDepth: value.shape[2] / attention.heads, scale: attention.scale)
  }
}
