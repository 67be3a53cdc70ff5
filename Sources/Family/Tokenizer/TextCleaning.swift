// The standard library normalises to compare strings, and offers the result under this name alone.
@_spi(_Unicode) import Swift

/// The cleaning of a text by CLIP's tokenizer in `transformers`, before it looks for words.
///
/// It composes characters (NFC), replaces each run of white space by one space, and lower-cases
/// each scalar by itself.
enum TextCleaning {
  static func clean(_ text: Substring) -> [Unicode.Scalar] {
    var result: [Unicode.Scalar] = []
    var followsSpace = false
    for scalar in String(text)._nfc {
      let isSpace = scalar.properties.isWhitespace
      if !isSpace {
        result += scalar.properties.lowercaseMapping.unicodeScalars
      } else if !followsSpace {
        result.append(" ")
      }
      followsSpace = isSpace
    }
    return result
  }
}
