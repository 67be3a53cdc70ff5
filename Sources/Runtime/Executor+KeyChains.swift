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
    reserveThreadScratch(byteCount: chainBytes + most * columns * 4)
    attendGlobally(operands) { item, tiles, worker, prepare in
      let scratch = ChainScratch(attention.layout, rows: most, base: threadScratch(worker))
      let rows = (threadScratch(worker) + chainBytes).assumingMemoryBound(to: Float.self)
      for first in stride(from: tiles.lowerBound, to: tiles.upperBound, by: Self.chainTiles) {
        let part = first..<min(tiles.upperBound, first + Self.chainTiles)
        let firstKey = first * Int(SAM2_KEY_TILE)
        let last = min(operands.keyCount, part.upperBound * Int(SAM2_KEY_TILE))
        let before = item * operands.keyCount
        run(
          attention.chain, step, rows: (before + firstKey)..<(before + last), scratch, to: rows)
        if let rotation = attention.chain.rotation {
          rotate(rotation, step, rows, columns: columns, keys: firstKey..<last)
        }
        // As if all keys were there: only those of these tiles are read.
        let start = UnsafePointer(rows) - firstKey * columns
        prepare(part, .init(start: start, stride: columns, itemStride: 0))
      }
    }
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
