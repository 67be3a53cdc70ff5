import TestSupport
import Testing

/// Plain English in comments, identifiers, messages and documents.
@Suite struct LanguageTests {
  static let areas = [
    "Sources", "Tests", "Formats", "Scripts", ".github", "README.md", "CHANGELOG.md",
  ]
  /// Members of JSON and of libraries, and texts in fixtures, that keep their names.
  private static let keptNames: [String: Set<String>] = [
    "Sources/Commands/sam2-quantize/QuantizationHistory.swift": ["least"],
    "Scripts/check_weight_formats.py": ["tell"],
    "Scripts/make_automatic_fixtures.py": ["made by"],
    "Scripts/make_media_fixtures.py": ["turned"],
    "Scripts/make_nano_fixtures.py": ["made by"],
    "Scripts/torch_fixtures/good.py": ["made by"],
    "Tests/MediaTests/BadPictureTests.swift": ["turned"],
  ]
  /// Lists of the words to avoid.
  private static let exempt: Set<String> = [
    "Formats/glossary.md", "Tests/DocumentTests/Habit.swift",
    "Tests/DocumentTests/LanguageTests.swift",
  ]

  @Test(arguments: areas) func areaIsPlain(area: String) throws {
    let files = Repository.files(area, ["swift", "c", "h", "js", "md", "py", "sh"])
    #expect(!files.isEmpty)
    for file in files where !Self.exempt.contains(file) {
      let words = Words(try Repository.text(file), isDocument: file.hasSuffix(".md"))
      let isScript = [".py", ".sh"].contains { file.hasSuffix($0) }
      // "is none" is Python's operator.
      let kept = (Self.keptNames[file] ?? []).union(isScript ? ["is none"] : [])
      for habit in Habit.all {
        for use in words.uses(of: habit) where !kept.contains(use.phrase) {
          Issue.record("\(file):\(use.line): \"\(use.phrase)\" (\(habit.name))")
        }
      }
    }
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
