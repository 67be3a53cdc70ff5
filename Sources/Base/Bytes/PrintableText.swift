/// `text` from a file, prepared for an error message: control and invisible characters are escaped,
/// and the text is shortened to about `limit` characters.
///
/// A name in a hostile file may hold terminal control sequences or megabytes.
public func printable(_ text: String, limit: Int = 80) -> String {
  var out = ""
  var count = 0
  for scalar in text.unicodeScalars {
    if count == limit { return out + "…" }
    count += 1
    switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
      .paragraphSeparator:
      out += "\\u{" + String(scalar.value, radix: 16) + "}"
    default:
      out.unicodeScalars.append(scalar)
    }
  }
  return out
}

/// `byte` in the usual notation: `0x0f`.
public func hexadecimal(_ byte: UInt8) -> String {
  (byte < 16 ? "0x0" : "0x") + String(byte, radix: 16)
}
