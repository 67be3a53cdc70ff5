import Glibc

/// The contents of open files.
public enum FileBytes {
  /// The bytes in `range` of the regular file `descriptor`; fewer if the file ends earlier.
  /// - Throws: `file.unreadable`.
  public static func read(
    _ descriptor: Int32, _ range: Range<Int>
  ) throws(Failure) -> [UInt8] {
    var problem: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, filled in
      let raw = UnsafeMutableRawBufferPointer(buffer)
      while filled < range.count {
        let rest = UnsafeMutableRawBufferPointer(rebasing: raw[filled...])
        let place = off_t(range.lowerBound + filled)
        let count = pread(descriptor, rest.baseAddress, rest.count, place)
        if count < 0, errno == EINTR { continue }
        if count < 0 { problem = errno }
        if count <= 0 { break }
        filled += count
      }
    }
    guard problem == 0 else {
      throw Failure(
        .inputOutput, code: "file.unreadable", "reading failed: \(systemMessage(problem))")
    }
    return bytes
  }
}
