import Bytes
import CHDF5
import CZlib
import Tensors

// libhdf5 takes what comes out of the filters for a chunk, however much or little it is: a chunk
// that inflates to fewer bytes is read beyond its end, and one that inflates to more is cut. So
// each chunk is taken apart once to see what it holds, before the library does it.

extension HDF5Dataset {
  /// Checks that every stored chunk expands to exactly the bytes of a chunk.
  /// - Throws: `h5.chunk`.
  func checkChunkSizes(place: String) throws(Failure) {
    guard let chunk, !filters.isEmpty else { return }
    let byteCount = chunk.reduce(element.dtype.byteCount, *)
    // Deflate and checksums add little; the rest of a larger chunk would be something else.
    let capacity = byteCount + byteCount / 100 + 1024
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 64)
    defer { memory.deallocate() }
    var start = chunk.map { _ in hsize_t(0) }
    repeat {
      var storedCount: UInt64 = 0
      var skipped: UInt32 = 0
      guard chdf5_chunk_byte_count(handle.id, start, &storedCount) >= 0, storedCount <= capacity,
        chdf5_read_stored_chunk(handle.id, start, &skipped, memory.baseAddress) >= 0
      else { throw refusal("h5.chunk", "a chunk cannot be read", at: place).withLibraryMessage() }
      let stored = UnsafeRawBufferPointer(rebasing: memory[..<Int(storedCount)])
      guard expandedByteCount(stored, skipped, expected: byteCount) == byteCount else {
        throw refusal(
          "h5.chunk", "the chunk at \(start) does not hold \(byteCount) bytes", at: place)
      }
    } while HDF5Dataset.advance(&start, by: chunk, in: shape.dimensions)
  }

  /// Bytes that the filters make of a stored chunk; nil when they cannot be undone.
  private func expandedByteCount(
    _ stored: UnsafeRawBufferPointer, _ skipped: UInt32, expected: Int
  ) -> Int? {
    var bytes = stored
    // Deflated bytes are not kept, so what comes after is known by its count only.
    var count = stored.count
    for (index, filter) in filters.enumerated().reversed() where skipped >> UInt32(index) & 1 == 0 {
      switch filter {
      case .shuffle: continue
      case .fletcher32:
        guard count >= 4 else { return nil }
        count -= 4
        bytes = UnsafeRawBufferPointer(rebasing: bytes.prefix(count))
      case .deflate:
        guard let inflated = inflatedByteCount(bytes, limit: expected + 4) else { return nil }
        count = inflated
        bytes = UnsafeRawBufferPointer(start: nil, count: 0)
      }
    }
    return count
  }

  /// Moves `start` to the next chunk in row-major order; false after the last.
  private static func advance(
    _ start: inout [hsize_t], by chunk: [Int], in dimensions: [Int]
  ) -> Bool {
    for axis in start.indices.reversed() {
      start[axis] += hsize_t(chunk[axis])
      if start[axis] < hsize_t(dimensions[axis]) { return true }
      start[axis] = 0
    }
    return false
  }
}

/// How many bytes the zlib stream `input` holds; nil when it is damaged, ends early, is followed by
/// others, or holds more than `limit`.
private func inflatedByteCount(_ input: UnsafeRawBufferPointer, limit: Int) -> Int? {
  var stream = z_stream()
  let structByteCount = Int32(MemoryLayout<z_stream>.size)
  guard inflateInit_(&stream, ZLIB_VERSION, structByteCount) == Z_OK else { return nil }
  defer { inflateEnd(&stream) }
  stream.next_in = UnsafeMutablePointer(
    mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
  stream.avail_in = uInt(input.count)
  var count = 0
  let result = withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 64) { window in
    var status = Z_OK
    while status == Z_OK, count <= limit {
      stream.next_out = window.baseAddress?.assumingMemoryBound(to: UInt8.self)
      stream.avail_out = uInt(window.count)
      status = inflate(&stream, Z_NO_FLUSH)
      count += window.count - Int(stream.avail_out)
    }
    return status
  }
  return result == Z_STREAM_END && stream.avail_in == 0 && count <= limit ? count : nil
}
