import Glibc
import TestSupport
import Testing

/// Names from outside cannot steer the terminal.
@Suite("Names on the terminal")
struct TerminalTests {
  private static let name = "e\u{1B}[31mred\u{1B}]0;title\u{07}\u{9B}2J\u{202E}\nerror: forged"

  /// Checks that `text` has printable characters only, and no line from a name.
  private func expectPlain(_ text: String) {
    let odd = text.unicodeScalars.filter {
      $0 != "\n" && [.control, .format].contains($0.properties.generalCategory)
    }
    #expect(odd.isEmpty, "\(text.debugDescription)")
    let lines = text.split(separator: "\n")
    #expect(!lines.contains("error: forged"), "\(text.debugDescription)")
  }

  @Test(
    "Messages about files escape their names",
    arguments: [
      ["segment", "NAME.png", "--point", "64,63", "--overlay", "--verbose"],
      ["auto", "NAME.png", "--points-per-side", "2", "--overlay", "--verbose"],
      ["track", "NAME", "--point", "42,58", "--stop-after", "1", "--verbose", "--format", "coco"],
      ["batch", "NAME.jsonl"], ["sample", "--frames", "1"],
    ])
  func files(call: [String]) throws {
    try withTemporaryFolder { folder in
      let name = "\(folder)/\(Self.name)"
      symlink(Workplace.nano("still.png"), name + ".png")
      symlink(Workplace.nano("clip"), name)
      write(
        "{\"id\": \"a\", \"image\": \"missing.png\", \"auto\": {}}\n", to: name + ".jsonl")
      let words = call.map { word in
        word.hasPrefix("NAME") ? Self.name + word.dropFirst(4) : word
      }
      let outcome = try Tool.sam2.run(words + ["-o", "out " + Self.name], in: folder)
      #expect(outcome.exitCode == (call[0] == "batch" ? 1 : 0), "\(outcome.errors)")
      #expect(outcome.errors.contains("\\u{1b}[31mred"))
      expectPlain(outcome.errors)
      expectPlain(outcome.output)
    }
  }

  @Test(
    "The parser escapes what it quotes",
    arguments: [
      ["segment", "a.png", "--point", "NAME", "-o", "out"], ["segment", "a.png", "--NAME"],
      ["NAME", "NAME"], ["track", "a.mp4", "--point", "1,2", "-o", "out", "NAME"],
      ["batch", "a.jsonl", "-o", "out", "--shard", "NAME"],
    ])
  func parser(call: [String]) throws {
    let words = call.map { $0.hasPrefix("--NAME") ? "--" + Self.name : $0 }
      .map { $0 == "NAME" ? Self.name : $0 }
    try withRun(words) { outcome, _ in
      #expect(outcome.exitCode == 64 || outcome.exitCode == 66, "\(outcome.errors)")
      let odd = outcome.errors.unicodeScalars.filter {
        $0 != "\n" && [.control, .format].contains($0.properties.generalCategory)
      }
      #expect(odd.isEmpty, "\(outcome.errors.debugDescription)")
    }
  }
}
