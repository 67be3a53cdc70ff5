import Bytes
import CHDF5

/// Reads attributes that are one short string.
enum TextAttribute {
  /// The attribute `name` of `object`, of at most `limit` bytes; nil when there is none.
  ///
  /// - Throws: `h5.attribute` for anything but one string of that length.
  static func text(
    _ name: String, of object: borrowing HDF5Handle, limit: Int, place: String
  ) throws(Failure) -> String? {
    // One more byte reveals a truncated text, and one is for the terminating zero.
    var buffer = [CChar](repeating: 0, count: limit + 2)
    let found = chdf5_text_attribute(object.id, name, &buffer, buffer.count)
    let bytes = buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:))
    guard found >= 0, bytes.count <= limit, let text = String(validating: bytes, as: UTF8.self)
    else {
      throw refusal("h5.attribute", "the attribute \(name) is not one short string", at: place)
    }
    return found == 0 ? nil : text
  }
}
