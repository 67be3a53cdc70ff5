import Glibc

/// Guesses which word a person meant to type.
public enum Suggestion {
  /// The candidate nearest to `word`, or nil if none is close enough to be a typing error.
  public static func nearest(to word: String, among candidates: [String]) -> String? {
    // At least half of the word must be right.
    let limit = min(max(1, min(3, word.count / 3)), word.count / 2)
    var best: (candidate: String, distance: Int)?
    for candidate in candidates where abs(candidate.count - word.count) <= limit {
      let distance = editDistance(Array(word.lowercased()), Array(candidate.lowercased()))
      if distance <= limit, distance < best?.distance ?? Int.max { best = (candidate, distance) }
    }
    return best?.candidate
  }

  /// An existing file whose path resembles `path`, or nil if there is none.
  public static func existingFile(like path: String) -> String? {
    let folder = folderName(path)
    guard let stream = opendir(folder) else { return nil }
    defer { closedir(stream) }
    var names: [String] = []
    // Enough for ordinary folders; larger ones are not worth the wait.
    while let entry = readdir(stream), names.count < 10_000 {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    let typed = fileName(path)
    // Folder entries come in arbitrary order.
    names.sort()
    // Suggest neither the given name nor a dangling link.
    names.removeAll { $0 == typed || !exists(path.contains("/") ? "\(folder)/\($0)" : $0) }
    let twin = names.first { fileStem($0) == fileStem(typed) }
    guard let found = nearest(to: typed, among: names) ?? twin else { return nil }
    return path.contains("/") ? (folder == "/" ? "/" : folder + "/") + found : found
  }

  /// Whether there is a file or folder at `path`.
  public static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// The optimal string alignment distance: the number of insertions, deletions, replacements and
  /// swaps of neighbours that transform `a` into `b`.
  static func editDistance(_ a: [Character], _ b: [Character]) -> Int {
    var rows = [Array(0...b.count)]
    for i in 0..<a.count {
      var row = [i + 1]
      for j in 0..<b.count {
        var distance = min(
          rows[i][j] + (a[i] == b[j] ? 0 : 1), rows[i][j + 1] + 1, row[j] + 1)
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
          distance = min(distance, rows[i - 1][j - 1] + 1)
        }
        row.append(distance)
      }
      rows.append(row)
    }
    return rows[a.count][b.count]
  }
}
