import Bytes

/// A caller's buffer for results.
struct Output<Element: BitwiseCopyable> {
  let buffer: UnsafeMutableBufferPointer<Element>

  /// - Throws: `argument.null`; `argument.capacity` for less than `required` elements.
  init(
    _ pointer: UnsafeMutablePointer<Element>?, capacity: Int, required: Int = 0
  ) throws(Failure) {
    guard let pointer else { throw .null("buffer for the result") }
    buffer = UnsafeMutableBufferPointer(start: pointer, count: max(0, capacity))
    try require(required)
  }

  /// - Throws: `argument.capacity`.
  func write(_ values: [Element]) throws(Failure) {
    try require(values.count)
    _ = buffer.update(from: values)
  }

  private func require(_ count: Int) throws(Failure) {
    guard buffer.count >= count else {
      throw Failure(
        .usage, code: "argument.capacity",
        "the buffer has room for \(buffer.count) elements, and \(count) are needed")
    }
  }
}
