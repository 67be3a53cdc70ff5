public import Bytes
internal import Glibc

/// The picture files in a folder.
public enum PictureFolder {
  /// The picture files of a folder, and the names of other files in it.
  public struct Listing: Sendable {
    /// Paths, sorted.
    public let pictures: [String]
    /// Names, sorted; hidden files and folders are not included.
    public let others: [String]
  }

  /// Lists the files in `folder` that have one of `extensions` (with dots, lower case), and the
  /// others.
  ///
  /// Failures: `file.missing`, `file.unreadable`.
  public static func listing(
    _ folder: String, extensions: [String] = ImageFormat.pathExtensions
  ) throws(Failure) -> Listing {
    let names = try names(in: folder)
    let separator = folder.hasSuffix("/") ? "" : "/"
    let pictures = names.filter { extensions.contains(pathExtension(of: $0)) }
    let others = names.filter { name in
      !extensions.contains(pathExtension(of: name)) && !isFolder(folder + separator + name)
        && !systemNames.contains(name.lowercased())
    }
    return Listing(
      pictures: sorted(pictures).map { folder + separator + $0 }, others: others.sorted())
  }

  /// Files that desktop systems put into folders.
  private static let systemNames: Set<String> = ["thumbs.db", "desktop.ini", "icon\r"]

  private static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// For use in messages: "a.tif, b.tif and 3 more".
  public static func list(_ names: [String]) -> String {
    let shown = names.prefix(3).map { printable($0, limit: 40) }.joined(separator: ", ")
    return names.count > 3 ? "\(shown) and \(names.count - 3) more" : shown
  }

  private static func names(in folder: String) throws(Failure) -> [String] {
    guard let stream = opendir(folder) else { throw .opening(folder, errno) }
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

  static func pathExtension(of name: String) -> String {
    name.lastIndex(of: ".").map { name[$0...].lowercased() } ?? ""
  }

  // MARK: - Order

  /// Sorts by integer if every name is one, otherwise naturally, 2 before 10; equal keys by name.
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
