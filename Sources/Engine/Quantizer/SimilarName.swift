/// The name closest to a mistyped one, by insertions, deletions and replacements of bytes
/// (Levenshtein); nil if none is close enough to be the intended name.
func similarName(to text: String, among names: [String]) -> String? {
  let typed = Array(text.utf8.filter { $0 != UInt8(ascii: "*") && $0 != UInt8(ascii: "?") })
  var best: (name: String, distance: Int)?
  for name in names {
    let distance = editDistance(typed, Array(name.utf8))
    // Characters matched by a star are missing from the pattern, which is not a mistake.
    let missing = text.contains("*") ? max(0, name.utf8.count - typed.count) : 0
    if distance - missing < best?.distance ?? .max { best = (name, distance - missing) }
  }
  return best.flatMap { $0.distance <= max(2, typed.count / 4) ? $0.name : nil }
}

private func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
  var row = Array(0...b.count)
  for i in a.indices {
    var diagonal = row[0]
    row[0] = i + 1
    for j in b.indices {
      let replaced = diagonal + (a[i] == b[j] ? 0 : 1)
      diagonal = row[j + 1]
      row[j + 1] = min(replaced, min(row[j], row[j + 1]) + 1)
    }
  }
  return row[b.count]
}
