/// The words of a source file or document, in lower case, for finding phrases.
///
/// Identifiers are split at capitals and underscores. Comment marks and ends of lines inside a
/// paragraph are skipped, so that a phrase may continue on the next line.
struct Words {
  struct Word {
    let text: String
    let line: Int
    /// Whether a capital begins it.
    let isCapitalised: Bool
    /// Whether it is the first word of a sentence, a comment or a cell of a table.
    let opensSentence: Bool
  }

  private(set) var words: [Word] = []
  private var isOpening = true

  init(_ text: String, isDocument: Bool) {
    var wasComment = false
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() {
      let content = line.drop { $0 == " " }
      let mark = isDocument ? 0 : Self.commentMark(content)
      let body = content.dropFirst(mark)
      let isComment = mark > 0
      let startsParagraph =
        isDocument ? body.isEmpty || "-*|#>".contains(body.first ?? "-") : isComment != wasComment
      if startsParagraph || body.allSatisfy({ $0 == " " }) { separate(line: index + 1) }
      wasComment = isComment
      add(Array(body.utf8), line: index + 1)
    }
  }

  /// Length of the mark that begins a comment; 0 for a line of code.
  private static func commentMark(_ line: Substring) -> Int {
    // Not "#expect".
    for mark in ["///", "//", "# "] where line.hasPrefix(mark) { return mark.utf8.count }
    return 0
  }

  private mutating func add(_ bytes: [UInt8], line: Int) {
    var position = 0
    while position < bytes.count {
      let start = position
      let byte = bytes[position]
      if byte.isLetter {
        position = Self.endOfWord(bytes, position)
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        words.append(
          Word(
            text: text.lowercased(), line: line, isCapitalised: byte.isCapital,
            opensSentence: isOpening))
        isOpening = false
        continue
      }
      position += 1
      if byte == UInt8(ascii: " ") || byte == UInt8(ascii: "_") { continue }
      if ".:;|?!\"(".utf8.contains(byte) {
        separate(line: line)
      } else {
        // Other characters and digits separate words, so that no phrase continues over them.
        isOpening = isOpening && "*#-".utf8.contains(byte)
        words.append(Word(text: "", line: line, isCapitalised: false, opensSentence: false))
      }
    }
  }

  /// Ends a paragraph: no phrase continues after it, and the next word opens a sentence.
  private mutating func separate(line: Int) {
    words.append(Word(text: "", line: line, isCapitalised: false, opensSentence: false))
    isOpening = true
  }

  /// The end of a word of one case: "HTML" and "Page" of "HTMLPage".
  private static func endOfWord(_ bytes: [UInt8], _ start: Int) -> Int {
    var end = start
    while end < bytes.count, bytes[end].isCapital { end += 1 }
    let isFollowed = end < bytes.count && bytes[end].isLetter
    if isFollowed, end - start > 1 { return end - 1 }
    while end < bytes.count, bytes[end].isLetter, !bytes[end].isCapital { end += 1 }
    return end
  }
}

extension UInt8 {
  fileprivate var isCapital: Bool { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self) }
  fileprivate var isLetter: Bool {
    isCapital || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self)
  }
}

// MARK: - Finding

extension Words {
  /// Each use of a habit, as its line and the words.
  func uses(of habit: Habit) -> [(line: Int, phrase: String)] {
    var uses: [(line: Int, phrase: String)] = []
    let phrases = Dictionary(grouping: habit.phrases.map(Self.split)) { $0[0] }
    let allowed = habit.allowed.map(Self.split)
    let openings = Set(habit.openings)
    for (index, word) in words.enumerated() {
      if word.opensSentence, word.isCapitalised, openings.contains(word.text) {
        uses.append((word.line, word.text))
      }
      for phrase in phrases[word.text] ?? [] where has(phrase, at: index) {
        if !isAllowed(phrase, at: index, allowed) {
          uses.append((word.line, phrase.joined(separator: " ")))
          break
        }
      }
    }
    return uses
  }

  private static func split(_ phrase: String) -> [String] {
    phrase.split(separator: " ").map(String.init)
  }

  private func has(_ phrase: [String], at index: Int) -> Bool {
    index >= 0 && index + phrase.count <= words.count
      && phrase.indices.allSatisfy { words[index + $0].text == phrase[$0] }
  }

  /// Whether the phrase is a part of an allowed one.
  private func isAllowed(_ phrase: [String], at index: Int, _ allowed: [[String]]) -> Bool {
    allowed.contains { longer in
      (0...max(0, longer.count - phrase.count)).contains { has(longer, at: index - $0) }
    }
  }
}
