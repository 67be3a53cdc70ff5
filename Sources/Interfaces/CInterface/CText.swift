import Glibc

/// A C string that exists as long as this object does.
///
/// Unchecked: nothing writes the bytes after `init`.
final class CText: @unchecked Sendable {
  /// Null only if there was no memory for it.
  let pointer: UnsafeMutablePointer<CChar>?

  init(_ text: String) { pointer = strdup(text) }

  deinit { free(pointer) }
}
