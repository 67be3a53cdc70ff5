import Bytes
import Glibc

/// The frames of a video as pictures in a folder.
struct FolderFrames {
  let paths: [String]
  let width: Int
  let height: Int
  private let maximumPixels: Int
  private(set) var position = 0

  /// Lists the folder and reads the size of the first frame.
  ///
  /// As in the official loader frames are JPEG files sorted by the integer their name is. Without
  /// any JPEG, PNG files count; names that are not integers are sorted naturally, 2 before 10.
  init(folder: String, maximumPixels: Int) throws(Failure) {
    let names = try FolderFrames.names(in: folder)
    let jpegs = names.filter { [".jpg", ".jpeg"].contains(FolderFrames.pathExtension(of: $0)) }
    let pngs = names.filter { FolderFrames.pathExtension(of: $0) == ".png" }
    let frames = jpegs.isEmpty ? pngs : jpegs
    guard !frames.isEmpty else {
      throw Failure(
        .badInput, code: "video.no_frames", "the folder has no JPEG or PNG files", file: folder)
    }
    let separator = folder.hasSuffix("/") ? "" : "/"
    paths = FolderFrames.sorted(frames).map { folder + separator + $0 }
    let first = try ImageReader.read(paths[0], maximumPixels: maximumPixels)
    (width, height) = (first.width, first.height)
    self.maximumPixels = maximumPixels
  }

  mutating func next() throws(Failure) -> RGBImage? {
    guard position < paths.count else { return nil }
    let path = paths[position]
    let image = try ImageReader.read(path, maximumPixels: maximumPixels)
    guard image.width == width, image.height == height else {
      throw Failure(
        .badInput, code: "video.mixed_sizes",
        "the frame is \(image.width)x\(image.height), the first one \(width)x\(height)",
        hint: "all frames of a video must have one size", file: path)
    }
    position += 1
    return image
  }

  /// Makes `next` return the frame at `index`.
  mutating func move(to index: Int) { position = index }

  // MARK: - Names

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

  /// By integer where every name is one, else naturally; equal keys by name.
  static func sorted(_ names: [String]) -> [String] {
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
