import Bytes
import CHDF5
import Tensors

extension HDF5Dataset {
  /// Bytes that are read at a time when chunks do not ask for more.
  static let blockByteCount = 8 << 20
  /// Maximum bytes that are read at a time.
  static let maximumBlockByteCount = 256 << 20

  /// Passes all elements to `body`, in row-major and little-endian order, block by block.
  ///
  /// - Throws: what `checkChunkSizes` throws; `h5.chunk`, `h5.address` when the library cannot read them; `h5.layout` when a row
  ///   of chunks is too large to be read at once; what `body` throws.
  func forEachBlock(
    place: String, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) {
    guard shape.elementCount > 0 else { return }
    try checkChunkSizes(place: place)
    let type = try HDF5Handle(
      element.make(handle.id), orThrow: refusal("h5.datatype", "no such type", at: place))
    let walk = BlockWalk(shape.dimensions, chunk, elementByteCount: element.dtype.byteCount)
    guard let capacity = walk.capacity, capacity <= HDF5Dataset.maximumBlockByteCount else {
      throw refusal("h5.layout", "a row of chunks is too large to be read at once", at: place)
    }
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 64)
    defer { memory.deallocate() }
    var position: BlockWalk.Block? = walk.first
    while let block = position {
      let read = chdf5_read_block(
        handle.id, type.id, Int32(shape.rank), block.start, block.count, memory.baseAddress)
      guard read >= 0 else {
        throw refusal(
          chunk == nil ? "h5.address" : "h5.chunk", "the data cannot be read", at: place
        ).withLibraryMessage()
      }
      let byteCount = block.count.reduce(element.dtype.byteCount) { $0 * Int($1) }
      try body(UnsafeRawBufferPointer(rebasing: memory[..<byteCount]))
      position = walk.next(after: block)
    }
  }
}

/// The blocks of a dataset in row-major order: whole inner axes, some rows of one axis, and single
/// indices of the axes outside of it.
///
/// Rows come in multiples of the chunk, so that no chunk is unpacked twice.
struct BlockWalk {
  struct Block: Equatable {
    var start: [UInt64]
    var count: [UInt64]
  }

  let dimensions: [Int]
  /// The axis of which a block holds some rows; nil for a scalar.
  let axis: Int?
  /// Maximum rows of a block.
  let rowCount: Int
  /// Bytes of the largest block; nil when that is more than can be counted.
  let capacity: Int?

  /// For a shape without zeros.
  init(
    _ dimensions: [Int], _ chunk: [Int]?, elementByteCount: Int,
    budget: Int = HDF5Dataset.blockByteCount
  ) {
    self.dimensions = dimensions
    let steps = chunk ?? dimensions.map { _ in 1 }
    var rowBytes = dimensions.reduce(elementByteCount) { checkedProduct($0, $1) ?? Int.max }
    for (k, size) in dimensions.enumerated() {
      rowBytes /= size
      guard steps[k] > 1 || rowBytes <= budget || k == dimensions.count - 1 else { continue }
      let steps = max(1, budget / max(1, rowBytes) / steps[k]) * steps[k]
      axis = k
      rowCount = min(size, steps)
      capacity = checkedProduct(rowCount, rowBytes)
      return
    }
    axis = nil
    rowCount = 1
    capacity = elementByteCount
  }

  var first: Block {
    guard let axis else { return Block(start: [], count: []) }
    var count = dimensions.map(UInt64.init)
    for k in 0..<axis { count[k] = 1 }
    count[axis] = UInt64(rowCount)
    return Block(start: dimensions.map { _ in 0 }, count: count)
  }

  /// The block that follows `block`; nil after the last.
  func next(after block: Block) -> Block? {
    guard let axis else { return nil }
    var next = block
    next.start[axis] += block.count[axis]
    var k = axis
    while next.start[k] >= UInt64(dimensions[k]) {
      if k == 0 { return nil }
      next.start[k] = 0
      k -= 1
      next.start[k] += 1
    }
    next.count[axis] = min(UInt64(rowCount), UInt64(dimensions[axis]) - next.start[axis])
    return next
  }
}
