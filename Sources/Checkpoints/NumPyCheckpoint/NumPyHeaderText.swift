import Bytes

/// The text of a `.npy` header: `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`.
struct NumPyHeaderText {
  private(set) var type = ""
  private(set) var isFortranOrder = false
  private(set) var shape: [Int] = []
  private var rest: Substring

  /// - Throws: `npy.header`.
  init(_ text: String) throws(Failure) {
    rest = text[...]
    try expect("{")
    var keys: Set<String> = []
    while !accept("}") {
      let key = try string()
      guard keys.insert(key).inserted else { throw NumPyHeader.failure("a key twice") }
      try expect(":")
      switch key {
      case "descr": type = try string()
      case "fortran_order": isFortranOrder = try flag()
      case "shape": shape = try sizes()
      default: throw NumPyHeader.failure("the key \(printable(key, limit: 40))")
      }
      if !accept(",") {
        try expect("}")
        break
      }
    }
    skipSpace()
    guard keys.count == 3, rest.isEmpty else {
      throw NumPyHeader.failure("a text of other parts than descr, fortran_order and shape")
    }
  }

  // MARK: - Literals

  private mutating func skipSpace() { rest = rest.drop { $0 == " " || $0 == "\n" } }

  private mutating func accept(_ text: String) -> Bool {
    skipSpace()
    guard rest.hasPrefix(text) else { return false }
    rest = rest.dropFirst(text.count)
    return true
  }

  private mutating func expect(_ text: String) throws(Failure) {
    guard accept(text) else { throw NumPyHeader.failure("\(text) expected") }
  }

  private mutating func string() throws(Failure) -> String {
    let quote: Character = accept("'") ? "'" : "\""
    if quote == "\"" { try expect("\"") }
    guard let end = rest.firstIndex(of: quote) else { throw NumPyHeader.failure("an open string") }
    defer { rest = rest[end...].dropFirst() }
    return String(rest[..<end])
  }

  private mutating func flag() throws(Failure) -> Bool {
    if accept("True") { return true }
    try expect("False")
    return false
  }

  /// A tuple of sizes, which Python ends with a comma when it has one.
  private mutating func sizes() throws(Failure) -> [Int] {
    try expect("(")
    var sizes: [Int] = []
    while !accept(")") {
      skipSpace()
      let digits = rest.prefix { ("0"..."9").contains($0) }
      guard let size = Int(digits), sizes.count < 64 else {
        throw NumPyHeader.failure("a shape of other things than sizes")
      }
      sizes.append(size)
      rest = rest.dropFirst(digits.count)
      // Written by Python 2.
      _ = accept("L")
      if !accept(",") {
        try expect(")")
        break
      }
    }
    return sizes
  }
}
