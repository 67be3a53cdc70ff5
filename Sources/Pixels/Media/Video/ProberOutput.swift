/// The output of the prober: each line has a kind and `key=value` pairs, separated by bars.
enum ProberOutput {
  struct Line {
    let kind: Substring
    private let pairs: [Substring: Substring]

    fileprivate init(_ text: Substring) {
      let words = text.split(separator: "|")
      kind = words.first ?? ""
      var pairs: [Substring: Substring] = [:]
      for word in words.dropFirst() {
        guard let mark = word.firstIndex(of: "=") else { continue }
        pairs[word[..<mark]] = word[word.index(after: mark)...]
      }
      self.pairs = pairs
    }

    subscript(key: String) -> String? { pairs[key[...]].map(String.init) }
  }

  /// Calls `body` with each complete line that `child` writes.
  static func forEachLine(of child: ChildProcess, _ body: (Line) -> Void) {
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    var rest: [UInt8] = []
    while true {
      let count = chunk.withUnsafeMutableBytes { child.read(into: $0) }
      rest += chunk[..<count]
      let end = (rest.lastIndex(of: UInt8(ascii: "\n")) ?? -1) + 1
      for line in String(decoding: rest[..<end], as: UTF8.self).split(separator: "\n") {
        body(Line(line))
      }
      rest.removeSubrange(..<end)
      // The prober never writes a line longer than a chunk.
      guard count == chunk.count, rest.count <= chunk.count else { return }
    }
  }
}
