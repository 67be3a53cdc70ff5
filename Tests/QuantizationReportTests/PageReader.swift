/// Reads markup as a browser's tokenizer would, strictly: every tag that is opened is closed in
/// order, every attribute has a quoted value.
struct PageReader {
  private(set) var tags: Set<String> = []
  private(set) var attributes: Set<String> = []
  /// Values of `id`, `href` and `src`.
  private(set) var identifiers: [String] = []
  private(set) var references: [String] = []
  /// The first thing that is wrong; nil when nothing is.
  private(set) var problem: String?

  private static let voidTags: Set<String> = ["meta", "img", "wbr"]
  private static let rawTags: Set<String> = ["style", "script"]

  private var rest: Substring
  private var open: [String] = []

  init(_ text: String) {
    rest = Substring(text)
    if rest.hasPrefix("<!DOCTYPE html>") { rest = rest.dropFirst(15) }
    while problem == nil, !rest.isEmpty { step() }
    if problem == nil, !open.isEmpty { problem = "not closed: \(open)" }
  }

  private mutating func step() {
    guard let start = rest.firstIndex(of: "<") else {
      rest = ""
      return
    }
    if rest[..<start].contains(">") || rest[..<start].contains("\"") {
      problem = "a bare > or \" before \(rest[start...].prefix(40))"
      return
    }
    rest = rest[start...].dropFirst()
    rest.first == "/" ? close() : begin()
  }

  private mutating func close() {
    let name = String(rest.dropFirst().prefix { $0 != ">" })
    rest = rest.drop { $0 != ">" }.dropFirst()
    guard open.last == name else {
      problem = "</\(name)> closes \(open.last ?? "nothing")"
      return
    }
    open.removeLast()
  }

  private mutating func begin() {
    let name = String(rest.prefix { $0.isLetter || $0.isNumber })
    tags.insert(name)
    rest = rest.dropFirst(name.count)
    while problem == nil, rest.first == " " { attribute() }
    guard problem == nil, rest.first == ">" else {
      problem = problem ?? "tag \(name) continues with \(rest.prefix(20))"
      return
    }
    rest = rest.dropFirst()
    if Self.rawTags.contains(name) {
      guard let end = rest.firstRange(of: "</\(name)>") else {
        problem = "\(name) does not end"
        return
      }
      rest = rest[end.upperBound...]
    } else if !Self.voidTags.contains(name) {
      open.append(name)
    }
  }

  private mutating func attribute() {
    rest = rest.dropFirst()
    let name = String(rest.prefix { $0.isLetter || $0.isNumber || $0 == "-" })
    attributes.insert(name)
    rest = rest.dropFirst(name.count)
    guard !name.isEmpty, rest.hasPrefix("=\"") else {
      problem = "attribute \(name) continues with \(rest.prefix(20))"
      return
    }
    rest = rest.dropFirst(2)
    let value = String(rest.prefix { $0 != "\"" })
    rest = rest.dropFirst(value.count + 1)
    if name == "id" { identifiers.append(value) }
    if name == "href" || name == "src" { references.append(value) }
  }
}

extension String {
  /// The pieces before, between and after occurrences of `mark`.
  func pieces(_ mark: String) -> [String] {
    var pieces: [String] = []
    var rest = self[...]
    while let range = rest.firstRange(of: mark) {
      pieces.append(String(rest[..<range.lowerBound]))
      rest = rest[range.upperBound...]
    }
    return pieces + [String(rest)]
  }
}
