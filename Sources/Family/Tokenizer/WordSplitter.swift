/// Splits a cleaned text into the words that CLIP's pattern finds:
/// `'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+`.
///
/// In `transformers`, the pattern first has the names of the start and the end of a text. These are
/// found here only if they were written in capitals, since others have already become tokens. They
/// are then split again where letters begin and end, so their only effect is to end a run of signs.
struct WordSplitter {
  private let scalars: [Unicode.Scalar]
  private var position = 0

  static func words(_ scalars: [Unicode.Scalar]) -> [ArraySlice<Unicode.Scalar>] {
    var splitter = WordSplitter(scalars: scalars)
    var words: [ArraySlice<Unicode.Scalar>] = []
    while splitter.position < scalars.count { splitter.addWords(to: &words) }
    return words
  }

  private init(scalars: [Unicode.Scalar]) { self.scalars = scalars }

  private enum Kind {
    case space
    case letter
    case number
    case sign

    init(_ scalar: Unicode.Scalar) {
      self =
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
          .letter
        case .decimalNumber, .letterNumber, .otherNumber: .number
        default: scalar.properties.isWhitespace ? .space : .sign
        }
    }
  }

  /// Adds the words at the position, where characters remain, and moves past them.
  private mutating func addWords(to words: inout [ArraySlice<Unicode.Scalar>]) {
    for marker in Self.markers where follows(marker) {
      // "<|", the name, "|>".
      for count in [2, marker.count - 4, 2] { words.append(taken(count)) }
      return
    }
    if let ending = Self.endings.first(where: follows) {
      words.append(taken(ending.count))
      return
    }
    switch Kind(scalars[position]) {
    case .space: position += 1
    case .number: words.append(taken(1))
    case .letter: words.append(taken(run(of: .letter)))
    case .sign: words.append(taken(run(of: .sign)))
    }
  }

  private static let markers = [SpecialToken.start, .end].map { Array($0.text.unicodeScalars) }
  private static let endings = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"].map {
    Array($0.unicodeScalars)
  }

  private func follows(_ text: [Unicode.Scalar]) -> Bool {
    scalars[position...].starts(with: text)
  }

  private func run(of kind: Kind) -> Int {
    scalars[position...].prefix { Kind($0) == kind }.count
  }

  private mutating func taken(_ count: Int) -> ArraySlice<Unicode.Scalar> {
    defer { position += count }
    return scalars[position..<(position + count)]
  }
}
