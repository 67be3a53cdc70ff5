import Glibc

/// A C string that exists as long as this object.
///
/// Unchecked: nobody writes the bytes after `init`.
final class CText: @unchecked Sendable {
  /// Null only when there was no memory for it.
  let pointer: UnsafeMutablePointer<CChar>?

  init(_ text: String) { pointer = strdup(text) }

  deinit { free(pointer) }
}
