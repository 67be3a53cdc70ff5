public import Bytes
import Glibc

/// The picture files in a folder.
public enum PictureFolder {
  /// The paths of the files in `folder` with one of `extensions` (with dots, lower case), sorted.
  ///
  /// Hidden files do not count. Failures: `file.missing`, `file.unreadable`.
  public static func paths(
    _ folder: String, extensions: [String]
  ) throws(Failure) -> [String] {
    let names = try names(in: folder).filter { extensions.contains(pathExtension(of: $0)) }
    let separator = folder.hasSuffix("/") ? "" : "/"
    return sorted(names).map { folder + separator + $0 }
  }

  private static func names(in folder: String) throws(Failure) -> [String] {
    guard let stream = opendir(folder) else {
      throw Failure(
        .missingInput, code: errno == ENOENT ? "file.missing" : "file.unreadable",
        "cannot list the folder: \(String(cString: strerror(errno)))", file: folder)
    }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names
  }

  private static func pathExtension(of name: String) -> String {
    name.lastIndex(of: ".").map { name[$0...].lowercased() } ?? ""
  }

  // MARK: - Order

  /// By integer where every name is one, else naturally, 2 before 10; equal keys by name.
  public static func sorted(_ names: [String]) -> [String] {
    let stems = names.map { $0[..<($0.lastIndex(of: ".") ?? $0.endIndex)] }
    let numbers = stems.compactMap { Int($0) }
    if numbers.count == names.count {
      return zip(numbers, names).sorted { $0 < $1 }.map(\.1)
    }
    return names.sorted { isNaturallyOrdered($0, $1) }
  }

  /// Compares runs of digits as numbers of any length, and everything else byte by byte.
  private static func isNaturallyOrdered(_ a: String, _ b: String) -> Bool {
    func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }
    var (x, y) = (Array(a.utf8)[...], Array(b.utf8)[...])
    while let p = x.first, let q = y.first {
      if isDigit(p), isDigit(q) {
        let (m, n) = (x.prefix(while: isDigit), y.prefix(while: isDigit))
        let (u, v) = (m.drop { $0 == 48 }, n.drop { $0 == 48 })
        if u.count != v.count { return u.count < v.count }
        if !u.elementsEqual(v) { return u.lexicographicallyPrecedes(v) }
        (x, y) = (x.dropFirst(m.count), y.dropFirst(n.count))
      } else {
        if p != q { return p < q }
        (x, y) = (x.dropFirst(), y.dropFirst())
      }
    }
    return x.isEmpty && y.isEmpty ? a < b : x.isEmpty
  }
}
