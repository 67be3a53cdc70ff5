internal import ArgumentParser
internal import Bytes
internal import JSON
internal import Synchronization

/// Single-value options that were given several times; the parser keeps the last value.
enum RepeatedOptions {
  private static let found = Guarded<[Notice]>([])

  /// One notice for each of them.
  static var notices: [Notice] { found.withLock { $0 } }

  /// Examines the command line of this process, and reports its findings.
  static func report<Command: ParsableCommand>(_ type: Command.Type) {
    let words = Array(CommandLine.arguments.dropFirst())
    let repeated = names(in: words)
    guard !repeated.isEmpty else { return }
    let single = singleValued(dump: type._dumpHelp(), arguments: words)
    let notices = repeated.filter { single.contains($0.name) }.map { option in
      Notice(
        .leftOut, code: "option.repeated",
        "\(option.name) is given \(option.count) times and takes one value; the last one holds: "
          + printable(option.last))
    }
    found.withLock { $0 = notices }
    let isQuiet = words.contains { $0 == "-q" || $0 == "--quiet" }
    if !isQuiet { for notice in notices { Tool.report(notice) } }
  }

  /// Options that occur more than once, with their last values.
  static func names(in words: [String]) -> [(name: String, count: Int, last: String)] {
    var found: [(name: String, count: Int, last: String)] = []
    for (index, word) in words.prefix(while: { $0 != "--" }).enumerated()
    where word.hasPrefix("-") && word.count > 1 {
      let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = String(parts[0])
      let value = parts.count == 2 ? String(parts[1]) : words[(index + 1)...].first ?? ""
      if let place = found.firstIndex(where: { $0.name == name }) {
        found[place].count += 1
        found[place].last = value
      } else {
        found.append((name, 1, value))
      }
    }
    return found.filter { $0.count > 1 }
  }

  /// The names of the current command's options that take one value.
  static func singleValued(dump: String, arguments: [String]) -> Set<String> {
    guard let tool = try? JSONValue(parsing: dump), var command = tool["command"] else { return [] }
    for word in arguments.prefix(while: { !$0.hasPrefix("-") }) {
      let next = command["subcommands"]?.array?.first { $0["commandName"]?.string == word }
      guard let next else { break }
      command = next
    }
    var names: Set<String> = []
    for argument in command["arguments"]?.array ?? []
    where argument["kind"]?.string == "option" && argument["isRepeating"]?.bool != true {
      for name in argument["names"]?.array ?? [] {
        guard let text = name["name"]?.string else { continue }
        names.insert((name["kind"]?.string == "short" ? "-" : "--") + text)
      }
    }
    return names
  }
}
