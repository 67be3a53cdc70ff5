import Bytes
public import Tensors

/// NumPy's .npy files, version 1.0: little-endian float32, C order.
public enum NPYWriter {
  /// The bytes of the file for `tensor`, converted to float32.
  public static func bytes(_ tensor: Tensor) -> [UInt8] {
    let dimensions = tensor.shape.dimensions.map(String.init)
    let shape = dimensions.count == 1 ? dimensions[0] + "," : dimensions.joined(separator: ", ")
    var header = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(shape)), }"
    // The data starts at a multiple of 64; the header ends with a line feed.
    let prefixByteCount = 10
    let unpadded = prefixByteCount + header.utf8.count + 1
    header += String(repeating: " ", count: (64 - unpadded % 64) % 64) + "\n"
    let length = UInt16(header.utf8.count)
    var bytes: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0]
    bytes += [UInt8(length & 0xFF), UInt8(length >> 8)] + Array(header.utf8)
    tensor.converted(to: .float32).withUnsafeBytes { bytes += $0 }
    return bytes
  }

  /// Writes `tensor` to `path`, all or nothing.
  /// - Throws: as `AtomicFile.write`.
  public static func write(
    _ tensor: Tensor, to path: String, replaceExisting: Bool = true
  ) throws {
    let contents = bytes(tensor)
    try AtomicFile.write(path: path, replaceExisting: replaceExisting) { writer in
      try writer.write(contents)
    }
  }
}
