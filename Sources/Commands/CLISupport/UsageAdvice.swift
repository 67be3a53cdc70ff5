import Bytes
import JSON
import JobSupport

/// Finds the word on a command line that the parser could not accept, and what may have been meant.
///
/// The parser reports the first thing it finds missing, which for `--ponit 1,2` is `--point`: the
/// typo itself is the better explanation.
struct UsageAdvice {
  /// One sentence about the word.
  let problem: String
  /// Whether this is the whole explanation, so that the parser's own message would only distract.
  let isCause: Bool

  /// - Parameters:
  ///   - dump: output of the parser's `--experimental-dump-help`
  ///   - arguments: the command line without the program's name
  init?(dump: String, arguments: [String]) {
    guard let tool = try? JSONValue(parsing: dump), let root = tool["command"] else { return nil }
    let words = Array(arguments.prefix { $0 != "--" })
    var command = root
    for word in words where !word.hasPrefix("-") {
      let names = UsageAdvice.subcommands(of: command)
      guard !names.isEmpty else { break }
      if let next = UsageAdvice.subcommand(word, of: command) {
        command = next
        continue
      }
      if let advice = UsageAdvice(command: word, names, command) {
        self = advice
        return
      }
      break
    }
    if let preset = command["defaultSubcommand"]?.string,
      let next = UsageAdvice.subcommand(preset, of: command)
    {
      command = next
    }
    let options = UsageAdvice.options(of: command)
    guard let advice = UsageAdvice(options: words, options) ?? UsageAdvice(values: words, options)
    else { return nil }
    self = advice
  }

  private init?(command word: String, _ names: [String], _ command: JSONValue) {
    let guess = Suggestion.nearest(to: word, among: names)
    // With a default subcommand, the word may just as well be its first argument.
    if command["defaultSubcommand"] != nil, guess == nil || Suggestion.exists(word) { return nil }
    problem =
      "there is no command '\(printable(word))'"
      + (guess.map { "; did you mean '\($0)'?" } ?? "; there are \(names.joined(separator: ", "))")
    isCause = true
  }

  private init?(options words: [String], _ options: [Option]) {
    let known = options.map(\.name) + ["--help", "--version", "--help-hidden"]
    let unknown = words.lazy.map { $0.prefix { $0 != "=" } }
      .first { $0.hasPrefix("--") && !known.contains(String($0)) }
    guard let unknown else { return nil }
    let guess = Suggestion.nearest(to: String(unknown), among: known)
    problem =
      "there is no option '\(printable(String(unknown)))'"
      + (guess.map { "; did you mean '\($0)'?" } ?? "")
    isCause = true
  }

  private init?(values words: [String], _ options: [Option]) {
    for (index, word) in words.enumerated() {
      let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
      guard let option = options.first(where: { $0.name == parts.first }), !option.values.isEmpty
      else { continue }
      let given = parts.count == 2 ? parts[1] : words[(index + 1)...].first ?? ""
      // Some options take lists.
      let unknown = given.split(separator: ",").map(String.init)
        .first { !option.values.contains($0) }
      guard let unknown, let guess = Suggestion.nearest(to: unknown, among: option.values)
      else { continue }
      problem = "Did you mean '\(guess)'?"
      isCause = false
      return
    }
    return nil
  }

  // MARK: - Options of the command

  private struct Option {
    let name: String
    /// All accepted values; empty if the option is not limited to a few words.
    let values: [String]
  }

  private static func subcommands(of command: JSONValue) -> [String] {
    (command["subcommands"]?.array ?? []).filter { $0["shouldDisplay"]?.bool != false }
      .compactMap { $0["commandName"]?.string }.filter { $0 != "help" }
  }

  private static func subcommand(_ name: String, of command: JSONValue) -> JSONValue? {
    command["subcommands"]?.array?.first { $0["commandName"]?.string == name }
  }

  private static func options(of command: JSONValue) -> [Option] {
    (command["arguments"]?.array ?? []).flatMap { argument in
      let values = (argument["allValues"]?.array ?? []).compactMap(\.string)
      return (argument["names"]?.array ?? []).filter { $0["kind"]?.string == "long" }
        .compactMap { $0["name"]?.string }.map { Option(name: "--" + $0, values: values) }
    }
  }
}
