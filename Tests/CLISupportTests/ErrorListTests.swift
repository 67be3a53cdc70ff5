import Bytes
import Glibc
import JobSupport
import TestSupport
import Testing

/// `Formats/errors.md` and the sources agree on every code and status.
@Suite struct ErrorListTests {
  private let list: ErrorList
  private let sources: [SourceText]

  init() throws {
    let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
      .joined(separator: "/")
    list = ErrorList(text: try text("\(root)/Formats/errors.md"))
    sources = try swiftFiles(below: "\(root)/Sources").map {
      SourceText(path: String($0.dropFirst(root.count + 1)), text: try text($0))
    }
  }

  @Test func everyCodeIsListed() {
    #expect(list.exits.count > 400 && !list.notices.isEmpty)
    let areas = Set(list.codes.map(area))
    for source in sources {
      for use in source.uses where use.isCode(among: areas) {
        #expect(
          list.exits[use.code] != nil || list.notices.contains(use.code),
          "\(source.path): \(use.code) is missing in Formats/errors.md")
      }
    }
  }

  @Test func everyListedCodeIsUsed() {
    let used = Set(sources.flatMap { $0.uses.map(\.code) })
    for code in list.codes {
      #expect(used.contains(code), "\(code) is listed, but no source has it")
    }
    #expect(list.notices.isDisjoint(with: list.exits.keys))
  }

  @Test func statusesAreThoseOfTheKinds() {
    var found: [String: Set<Int32>] = [:]
    var isIndirect: Set<String> = []
    for use in sources.flatMap(\.uses) where list.exits[use.code] != nil {
      if let kind = use.kind {
        found[use.code, default: []].insert(kind.exitCode)
      } else {
        isIndirect.insert(use.code)
      }
    }
    #expect(found.count > 300)
    // Its status in the C interface is that of a command that was interrupted.
    found["call.cancelled"] = nil
    for (code, exits) in found {
      let listed = list.exits[code] ?? []
      #expect(exits.isSubset(of: listed), "\(code) has \(exits), listed \(listed)")
      if !isIndirect.contains(code) {
        #expect(listed == exits, "\(code) has \(exits), listed \(listed)")
      }
    }
  }

  /// Codes are for people and other programs; callers here look at `Failure.cause`.
  @Test func noControlFlowComparesCodes() {
    let comparisons = ["error", "failure", "problem"].flatMap { name in
      ["\(name).code ==", "\(name).code !=", "switch \(name).code", "\(name).code.has"]
    }
    for source in sources where !source.path.hasPrefix("Sources/Base/Bytes/") {
      for comparison in comparisons {
        #expect(source.words.firstRange(of: comparison) == nil, "\(source.path): \(comparison)")
      }
    }
  }
}

/// The tables of `Formats/errors.md`.
private struct ErrorList {
  var exits: [String: Set<Int32>] = [:]
  var notices: Set<String> = []

  /// Of both tables.
  var codes: [String] { Array(exits.keys) + Array(notices) }

  init(text: String) {
    var isNotice = false
    for line in text.split(separator: "\n") {
      if line == "## Notices" { isNotice = true }
      guard line.hasPrefix("| `") else { continue }
      let cells = line.split(separator: "|").map { $0.filter { !" `".contains($0) } }
      if isNotice {
        notices.insert(cells[0])
      } else {
        exits[cells[0]] = Set(cells[1].split(separator: ",").compactMap { Int32($0) })
      }
    }
  }
}

/// A Swift file without comments, its words with single spaces.
private struct SourceText {
  let path: String
  let words: String
  let uses: [CodeUse]

  init(path: String, text: String) {
    self.path = path
    let code = text.split(separator: "\n").filter { line in
      !line.drop { $0 == " " }.hasPrefix("//")
    }
    words = code.joined(separator: " ").split(separator: " ").joined(separator: " ")
    let parts = words.split(separator: "\"", omittingEmptySubsequences: false)
    uses = parts.indices.dropFirst().compactMap {
      CodeUse(parts[$0], after: parts[$0 - 1])
    }
  }
}

/// A string literal that looks like a code: two words with a dot between them.
private struct CodeUse {
  let code: String
  /// The kind of the failure with this code, where the source has both side by side.
  let kind: Failure.Kind?
  /// Whether it is given as a code, not only as a string.
  private let isArgument: Bool

  private static let kinds: [Substring: Failure.Kind] = [
    ".usage": .usage, ".badInput": .badInput, ".missingInput": .missingInput,
    ".internalError": .internalError, ".cannotCreate": .cannotCreate,
    ".outputExists": .outputExists, ".inputOutput": .inputOutput, ".writing": .writing,
  ]

  init?(_ literal: Substring, after text: Substring) {
    let words = literal.split(separator: ".", omittingEmptySubsequences: false)
    guard words.count == 2, words.allSatisfy({ CodeUse.isWord($0) }) else { return nil }
    code = String(literal)
    // Up to a code that depends on a condition.
    let argument = text.ranges(of: "code:").last.map { text[$0.upperBound...] }
    isArgument =
      text.hasSuffix("failure(") || argument.map { $0 == " " || $0.hasSuffix("? ") } ?? false
    let call = text.ranges(of: "Failure(").last.map { text[$0.upperBound...] }
    kind =
      isArgument
      ? call?.drop { $0 == " " }.split(separator: ",").first.flatMap { CodeUse.kinds[$0] } : nil
  }

  private static func isWord(_ text: Substring) -> Bool {
    !text.isEmpty && text.utf8.first != UInt8(ascii: "_")
      && text.allSatisfy { ("a"..."z").contains($0) || ("0"..."9").contains($0) || $0 == "_" }
  }

  /// Extensions of files, and ends of other names.
  private static let others: Set<Substring> = [
    "json", "npy", "png", "mp4", "html", "state", "safetensors", "xml", "weight", "bias",
    "merges", "sortable",
  ]

  /// Whether it is a code, where codes begin with one of `areas`.
  func isCode(among areas: Set<String>) -> Bool {
    if isArgument { return true }
    return areas.contains(area(code))
      && !CodeUse.others.contains(code.drop { $0 != "." }.dropFirst())
      && !code.hasPrefix("model.sam_")
  }
}

/// The part before the dot.
private func area(_ code: String) -> String { String(code.prefix { $0 != "." }) }

private func text(_ path: String) throws -> String {
  String(decoding: try #require(fileBytes(path), "\(path)"), as: UTF8.self)
}

private func swiftFiles(below folder: String) -> [String] {
  folderNames(folder).flatMap { name -> [String] in
    let path = "\(folder)/\(name)"
    return name.hasSuffix(".swift") ? [path] : name.contains(".") ? [] : swiftFiles(below: path)
  }
}
