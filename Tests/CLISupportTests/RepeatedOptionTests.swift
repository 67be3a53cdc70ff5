import Testing

@testable import CLISupport

@Suite("Options that are given more than once")
struct RepeatedOptionTests {
  private static let dump = """
    {"command": {"commandName": "tool", "subcommands": [
      {"commandName": "draw", "arguments": [
        {"kind": "option", "names": [{"kind": "short", "name": "o"}, {"kind": "long", "name": "output"}]},
        {"kind": "option", "isRepeating": true, "names": [{"kind": "long", "name": "box"}]},
        {"kind": "flag", "names": [{"kind": "long", "name": "force"}]}]}]}}
    """

  @Test("The count and the last value are found")
  func names() {
    let words = ["draw", "--output", "a", "--box=1", "--output=b", "--box", "2", "--", "--output"]
    let found = RepeatedOptions.names(in: words)
    #expect(found.map(\.name) == ["--output", "--box"])
    #expect(found.map(\.count) == [2, 2] && found.map(\.last) == ["b", "2"])
    #expect(RepeatedOptions.names(in: ["draw", "-o", "-o"]).count == 1)
    #expect(RepeatedOptions.names(in: []).isEmpty)
  }

  @Test("Only options of one value are meant")
  func single() {
    let found = RepeatedOptions.singleValued(dump: Self.dump, arguments: ["draw", "-o", "x"])
    #expect(found == ["-o", "--output"])
    #expect(RepeatedOptions.singleValued(dump: "{", arguments: []).isEmpty)
  }
}
