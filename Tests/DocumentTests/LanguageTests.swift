import TestSupport
import Testing

/// Plain English in comments, identifiers, messages and documents.
@Suite struct LanguageTests {
  /// Folders and files without the habits; the list grows until it covers everything.
  static let areas = [
    "Sources/Base", "Sources/Checkpoints", "Sources/Engine", "Sources/Measuring", "Sources/Pixels",
    "Sources/Family", "Sources/Jobs", "Sources/Serving", "Sources/Interfaces", "Sources/Commands",
    "Sources/README.md",
    "Tests/README.md", "Formats", "Scripts", ".github", "README.md", "CHANGELOG.md",
  ]
  /// Members of JSON that keep their names.
  private static let keptNames = [
    "Sources/Commands/sam2-quantize/QuantizationHistory.swift": "least"
  ]
  /// The glossary, which lists the words to avoid, and documents still to be worded.
  private static let exempt: Set<String> = ["Formats/glossary.md", "Formats/live.md"]

  @Test(arguments: areas) func areaIsPlain(area: String) throws {
    let files = Repository.files(area, ["swift", "c", "h", "js", "md", "py", "sh"])
    #expect(!files.isEmpty)
    for file in files where !Self.exempt.contains(file) {
      let words = try words(of: file)
      for habit in Habit.all {
        for use in words.uses(of: habit) where use.phrase != Self.keptNames[file] {
          Issue.record("\(file):\(use.line): \"\(use.phrase)\" (\(habit.name))")
        }
      }
    }
  }

  /// The words of a file; of a script those of its header.
  private func words(of file: String) throws -> Words {
    let text = try Repository.text(file)
    let isPython = file.hasSuffix(".py")
    if isPython || file.hasSuffix(".sh") {
      return Words(ScriptHeader.text(of: text, isPython: isPython), isDocument: true)
    }
    return Words(text, isDocument: file.hasSuffix(".md"))
  }

  /// Sentences that have one habit each, in the order of `Habit.all`.
  private static let samples = [
    "/// What the file holds.", "/// Rows that lie apart.", "/// A value made of two.",
    "let leastRows = 1", "/// Rows are turned.", "/// The file tells its version.",
    "/// The layer behind a norm.", "/// This is no\n/// permutation.", "/// The job goes on.",
    "/// One value, 29 MB an object, one a frame.", "/// A bug of ours.", "/// All but for one.",
    "/// Up to so many rows.",
  ]

  @Test(arguments: zip(Habit.all, samples)) func habitIsFound(habit: Habit, sample: String) {
    #expect(!Words(sample, isDocument: false).uses(of: habit).isEmpty, "\(habit.name)")
  }

  @Test func headersOfScriptsAreFound() {
    let python = "#!/usr/bin/env python3\n\"\"\"Writes it.\n\nSlowly.\n\"\"\"\nimport os\n"
    #expect(ScriptHeader.text(of: python, isPython: true) == "Writes it.\n\nSlowly.")
    #expect(ScriptHeader.text(of: "\"\"\"Short.\"\"\"\nx = 1\n", isPython: true) == "Short.")
    let shell = "#!/bin/sh\n# Builds.\n#\n#   Usage\nset -eu\n# Later.\n"
    #expect(ScriptHeader.text(of: shell, isPython: false) == "Builds.\n\nUsage")
  }

  @Test func goodEnglishPasses() {
    let text = """
      /// The contents of the file. At most 3 rows, at least one; there is no limit.
      ///
      /// Somewhat later it is no longer needed, and each in turn is the most recent.
      let minimumRows = 1
      """
    let words = Words(text, isDocument: false)
    for habit in Habit.all { #expect(words.uses(of: habit).isEmpty, "\(habit.name)") }
    #expect(Habit.all.count == Self.samples.count)
  }
}
