public import Bytes
public import Tensors

/// Reads NumPy's float32 .npy files in C order, as written by `--save-logits` and `numpy.save`.
public enum NPYReader {
  private static let magic: [UInt8] = [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59]

  /// The array in the file at `path`, or nil if it is not an .npy file.
  /// - Throws: `file.*`; `npy.header`, `npy.type`, `npy.size`.
  public static func read(_ path: String) throws(Failure) -> Tensor? {
    let storage = try MappedFile.open(path)
    let bytes = storage.withUnsafeBytes { [UInt8]($0.prefix(1 << 16)) }
    guard bytes.starts(with: magic) else { return nil }
    do throws(Failure) {
      let header = try Header(bytes)
      let expected = header.shape.elementCount * 4
      guard storage.byteCount - header.byteCount == expected else {
        throw Failure(
          .badInput, code: "npy.size",
          "an array of shape \(header.shape) has \(expected) bytes, the file holds "
            + "\(storage.byteCount - header.byteCount)")
      }
      return try Tensor(
        dtype: .float32, shape: header.shape, storage: storage, byteOffset: header.byteCount)
    } catch {
      throw error.about(file: path)
    }
  }

  /// The dictionary that precedes the elements.
  private struct Header {
    let shape: Shape
    let byteCount: Int

    init(_ bytes: [UInt8]) throws(Failure) {
      guard bytes.count >= 12, bytes[6] == 1 || bytes[6] == 2 else {
        throw Header.damaged("neither version 1 nor 2")
      }
      let isWide = bytes[6] == 2
      let prefix = isWide ? 12 : 10
      var length = Int(bytes[8]) | Int(bytes[9]) << 8
      if isWide { length |= Int(bytes[10]) << 16 | Int(bytes[11]) << 24 }
      byteCount = prefix + length
      guard byteCount <= bytes.count else { throw Header.damaged("longer than the file") }
      let text = String(decoding: bytes[prefix..<byteCount], as: UTF8.self)
        .filter { $0 != " " && $0 != "\n" }
      guard text.contains("'descr':'<f4'"), text.contains("'fortran_order':False") else {
        throw Failure(
          .badInput, code: "npy.type", "the array is not little-endian float32 in C order",
          hint: "save it with numpy.save(file, array.astype('float32'))")
      }
      shape = try Header.shape(in: text)
    }

    private static func shape(in text: String) throws(Failure) -> Shape {
      let parts = text.split(separator: "'shape':(", maxSplits: 1)
      guard parts.count == 2, let list = parts[1].split(separator: ")").first else {
        throw damaged("without a shape")
      }
      var sizes: [Int] = []
      for part in list.split(separator: ",") {
        guard let size = Int(part) else {
          throw damaged("of the shape (\(printable(String(list), limit: 40)))")
        }
        sizes.append(size)
      }
      return try Shape(checking: sizes)
    }

    private static func damaged(_ what: String) -> Failure {
      Failure(.badInput, code: "npy.header", "the header of the .npy file is \(what)")
    }
  }
}
