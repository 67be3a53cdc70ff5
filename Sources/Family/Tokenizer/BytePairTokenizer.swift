/// Splits a text into CLIP's tokens, as `CLIPTokenizer` of `transformers` does
/// (Radford et al., arXiv 2103.00020; Sennrich et al., arXiv 1508.07909).
///
/// `open_clip` differs: it treats an exclamation mark like any other sign, first repairs wrongly
/// decoded text and unescapes HTML, does not compose characters, lower-cases a sigma according to
/// its place in the word, and treats the control characters U+001C to U+001F as white space.
public struct BytePairTokenizer: Sendable {
  public let vocabularyCount: Int
  /// The rank of each pair; pairs with a smaller rank are joined earlier.
  private let ranks: [MergeList.Pair: Int32]

  public init(_ merges: MergeList) {
    vocabularyCount = merges.vocabularyCount
    ranks = Dictionary(
      merges.pairs.enumerated().map { ($1, Int32($0)) }, uniquingKeysWith: { first, _ in first })
  }

  /// The tokens of `text`, between the start and the end.
  ///
  /// The exact names of the start and the end become their tokens, and an exclamation mark becomes
  /// the padding token, whose name it is in the processors of OWLv2 and OWL-ViT.
  public func tokens(_ text: String) -> [Int32] {
    var tokens = [SpecialToken.start.token(in: vocabularyCount)]
    var rest = text[...]
    while let special = firstSpecial(in: rest) {
      tokens += plainTokens(rest[..<special.range.lowerBound])
      tokens.append(special.token)
      rest = rest[special.range.upperBound...]
    }
    tokens += plainTokens(rest)
    tokens.append(SpecialToken.end.token(in: vocabularyCount))
    return tokens
  }

  private func firstSpecial(in text: Substring) -> (range: Range<String.Index>, token: Int32)? {
    for index in text.utf8.indices where Self.firstBytes.contains(text.utf8[index]) {
      for special in SpecialToken.allCases where text.utf8[index...].starts(with: special.text.utf8)
      {
        let end = text.utf8.index(index, offsetBy: special.text.utf8.count)
        return (index..<end, special.token(in: vocabularyCount))
      }
    }
    return nil
  }

  private static let firstBytes = SpecialToken.allCases.compactMap(\.text.utf8.first)

  /// The tokens of a text that has no special ones.
  private func plainTokens(_ text: Substring) -> [Int32] {
    WordSplitter.words(TextCleaning.clean(text)).flatMap(wordTokens)
  }

  private func wordTokens(_ word: ArraySlice<Unicode.Scalar>) -> [Int32] {
    var tokens: [Int32] = word.flatMap {
      UTF8.encode($0)?.map { ByteAlphabet.tokens[Int($0)] } ?? []
    }
    guard let last = tokens.popLast() else { return [] }
    // The last byte of a word is a different token from the same byte elsewhere.
    tokens.append(last + 256)
    while let rank = bestRank(tokens) { tokens = joined(tokens, rank) }
    return tokens
  }

  private func bestRank(_ tokens: [Int32]) -> Int32? {
    zip(tokens, tokens.dropFirst())
      .compactMap { ranks[MergeList.Pair(left: $0, right: $1)] }
      .min()
  }

  /// `tokens` with each pair of that rank joined, from the left.
  private func joined(_ tokens: [Int32], _ rank: Int32) -> [Int32] {
    var result: [Int32] = []
    result.reserveCapacity(tokens.count)
    var index = 0
    while index < tokens.count {
      if index + 1 < tokens.count,
        ranks[MergeList.Pair(left: tokens[index], right: tokens[index + 1])] == rank
      {
        result.append(Int32(MergeList.firstMerge) + rank)
        index += 2
      } else {
        result.append(tokens[index])
        index += 1
      }
    }
    return result
  }
}
