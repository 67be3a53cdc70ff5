import Glibc
import TestSupport
import Testing

@testable import CLISupport
@testable import JobSupport

@Suite("Suggestions")
struct SuggestionTests {
  @Test(
    "Distances count a swap of neighbours once",
    arguments: [
      ("", "", 0), ("a", "", 1), ("point", "point", 0), ("ponit", "point", 1), ("pnt", "point", 2),
      ("poimt", "point", 1), ("pointt", "point", 1), ("kitten", "sitting", 3), ("ca", "abc", 3),
    ])
  func distance(_ a: String, _ b: String, _ expected: Int) {
    #expect(Suggestion.editDistance(Array(a), Array(b)) == expected)
    #expect(Suggestion.editDistance(Array(b), Array(a)) == expected)
  }

  @Test("Slips have an answer, other words none")
  func nearest() {
    let words = ["segment", "auto", "track", "batch", "bench"]
    #expect(Suggestion.nearest(to: "segmetn", among: words) == "segment")
    #expect(Suggestion.nearest(to: "BATCH", among: words) == "batch")
    #expect(Suggestion.nearest(to: "bathc", among: words) == "batch")
    #expect(Suggestion.nearest(to: "convert", among: words) == nil)
    #expect(Suggestion.nearest(to: "x", among: words) == nil)
    #expect(Suggestion.nearest(to: "segment", among: []) == nil)
  }

  @Test("Files that are there are found by a wrong letter or a wrong ending")
  func files() throws {
    try withTemporaryFolder { folder in
      for name in ["dog.jpg", "cat.jpeg", ".hidden.jpg"] {
        close(open("\(folder)/\(name)", O_WRONLY | O_CREAT, 0o600))
      }
      #expect(Suggestion.existingFile(like: "\(folder)/dgo.jpg") == "\(folder)/dog.jpg")
      #expect(Suggestion.existingFile(like: "\(folder)/cat.png") == "\(folder)/cat.jpeg")
      #expect(Suggestion.existingFile(like: "\(folder)/bird.tiff") == nil)
      #expect(Suggestion.existingFile(like: "\(folder)/none/dog.jpg") == nil)
      // Not suggested: the given path, a link that leads nowhere, a name that shares no letter.
      symlink("nowhere", "\(folder)/bird.jpg")
      close(open("\(folder)/f", O_WRONLY | O_CREAT, 0o600))
      #expect(Suggestion.existingFile(like: "\(folder)/bird.jpg") == nil)
      #expect(Suggestion.existingFile(like: "\(folder)/brid.jpg") == nil)
      #expect(Suggestion.existingFile(like: "\(folder)/-") == nil)
    }
  }
}

@Suite("Advice about command lines")
struct UsageAdviceTests {
  /// The parser's description of a tool with two commands.
  private static let dump = """
    {"command": {"commandName": "tool", "subcommands": [
      {"commandName": "draw", "arguments": [
        {"kind": "option", "names": [{"kind": "long", "name": "color"}], "allValues": ["red", "blue"]},
        {"kind": "option", "names": [{"kind": "short", "name": "o"}, {"kind": "long", "name": "output"}]}]},
      {"commandName": "secret", "shouldDisplay": false},
      {"commandName": "erase"}, {"commandName": "help"}]}}
    """

  private func advice(_ line: String) -> String? {
    let words = line.split(separator: " ").map(String.init)
    return UsageAdvice(dump: Self.dump, arguments: words)?.problem
  }

  @Test(
    "Slips",
    arguments: [
      ("drwa x", "there is no command 'drwa'; did you mean 'draw'?"),
      ("paint x", "there is no command 'paint'; there are draw, erase"),
      ("draw --colour red", "there is no option '--colour'; did you mean '--color'?"),
      ("draw --ouptut=x", "there is no option '--ouptut'; did you mean '--output'?"),
      ("draw --size 3", "there is no option '--size'"),
      ("draw --color rde", "Did you mean 'red'?"), ("draw --color=bleu", "Did you mean 'blue'?"),
    ])
  func slips(line: String, expected: String) { #expect(advice(line) == expected) }

  @Test(
    "No advice",
    arguments: [
      "", "draw --color red", "draw x -o y", "draw -- --colour", "draw --color", "--help",
    ])
  func none(line: String) { #expect(advice(line) == nil) }

  @Test("A dump that cannot be read is not an error")
  func damagedDump() {
    #expect(UsageAdvice(dump: "{", arguments: ["x"]) == nil)
    #expect(UsageAdvice(dump: "{}", arguments: ["x"]) == nil)
  }
}
