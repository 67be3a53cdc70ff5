/// The comment at the top of a script, as a document.
///
/// In Python it is the text in triple quotes, elsewhere the lines that begin with "#".
enum ScriptHeader {
  static func text(of script: String, isPython: Bool) -> String {
    let lines = script.split(separator: "\n", omittingEmptySubsequences: false)
    return isPython ? quoted(lines) : commented(lines)
  }

  private static func quoted(_ lines: [Substring]) -> String {
    let quotes = "\"\"\""
    guard let start = lines.prefix(3).firstIndex(where: { $0.contains(quotes) }) else { return "" }
    let first = lines[start].split(separator: quotes, omittingEmptySubsequences: false)
    if first.count > 2 { return String(first[1]) }
    let rest = lines[(start + 1)...].prefix { !$0.contains(quotes) }
    return ([first.last ?? ""] + rest).joined(separator: "\n")
  }

  private static func commented(_ lines: [Substring]) -> String {
    lines.drop { $0.hasPrefix("#!") }.prefix { $0.hasPrefix("#") }
      .map { $0.dropFirst().drop { $0 == " " } }.joined(separator: "\n")
  }
}
