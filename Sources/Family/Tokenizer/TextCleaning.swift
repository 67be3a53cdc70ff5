// The standard library normalises strings to compare them, and exposes the result only this way.
@_spi(_Unicode) import Swift

/// The cleaning that CLIP's tokenizer in `transformers` does before it looks for words.
///
/// It composes characters (NFC), replaces each run of white space with one space, and lower-cases
/// each scalar on its own.
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
