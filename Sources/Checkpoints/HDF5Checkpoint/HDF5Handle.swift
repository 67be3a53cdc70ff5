import Bytes
import CHDF5

/// An open object of libhdf5 of any kind, released with its owner.
///
/// Everything that holds one lives in the child process, or in the writer.
struct HDF5Handle: ~Copyable {
  let id: hid_t

  /// Takes over `id`; nil when it is the result of a failed opening.
  init?(_ id: hid_t) {
    guard id >= 0 else { return nil }
    self.id = id
  }

  /// Takes over `id`, or throws `failure`, with the library's message.
  init(_ id: hid_t, orThrow failure: @autoclosure () -> Failure) throws(Failure) {
    guard id >= 0 else { throw failure().withLibraryMessage() }
    self.id = id
  }

  deinit { H5Idec_ref(id) }
}

extension Failure {
  /// The same failure, ending with what libhdf5 reports as its cause.
  func withLibraryMessage() -> Failure {
    var text = [CChar](repeating: 0, count: 200)
    chdf5_innermost_error(&text, text.count)
    let bytes = text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:))
    guard !bytes.isEmpty else { return self }
    var copy = self
    copy.message += ": \(printable(String(decoding: bytes, as: UTF8.self), limit: 120))"
    return copy
  }
}

/// A refusal of the file.
func refusal(
  _ code: String, _ message: String, at place: String? = nil, hint: String? = nil
) -> Failure {
  Failure(
    .badInput, code: code, message, place: place.map { printable($0, limit: 160) }, hint: hint)
}
