/// The tokens with a meaning of their own wherever their names occur in a text.
enum SpecialToken: CaseIterable {
  case start
  case end
  /// The padding in the processors of OWLv2 and OWL-ViT: they use the token of the exclamation
  /// mark, so every exclamation mark becomes this token.
  case padding

  var text: String {
    switch self {
    case .start: "<|startoftext|>"
    case .end: "<|endoftext|>"
    case .padding: "!"
    }
  }

  /// Its number in a vocabulary of `count` tokens.
  func token(in count: Int) -> Int32 {
    switch self {
    case .start: Int32(count - 2)
    case .end: Int32(count - 1)
    case .padding: 0
    }
  }
}
