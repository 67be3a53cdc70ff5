public import Bytes
import Glibc

/// A form with files, as sent by programs: `multipart/form-data` (RFC 7578).
public struct MultipartForm {
  public struct Part: Sendable {
    public let name: String
    /// The client's name for the file; nil for a value that is not a file.
    public let fileName: String?
    public let bytes: [UInt8]
  }

  public let parts: [Part]
  private static let boundaryLimit = 70
  private static let partLimit = 16

  /// Reads a body of type `contentType`, which names the line between the parts.
  /// - Throws: `serve.form` for any other type, and for a body that does not match it.
  public init(_ body: [UInt8], contentType: String) throws(Failure) {
    let boundary = try MultipartForm.boundary(contentType)
    // The first delimiter follows no line, so it lacks the line break that precedes the others.
    let text = Array("\r\n".utf8) + body
    let delimiter = Array("\r\n--\(boundary)".utf8)
    var parts: [Part] = []
    guard var start = MultipartForm.find(delimiter, in: text[...])?.upperBound else {
      throw MultipartForm.failure
    }
    while !text[start...].starts(with: Array("--".utf8)) {
      guard parts.count < MultipartForm.partLimit,
        text[start...].starts(with: Array("\r\n".utf8)),
        let next = MultipartForm.find(delimiter, in: text[start...])
      else { throw MultipartForm.failure }
      parts.append(try MultipartForm.part(text[(start + 2)..<max(start + 2, next.lowerBound)]))
      start = next.upperBound
    }
    self.parts = parts
  }

  /// The part called `name`.
  /// - Throws: `serve.form`.
  public func part(_ name: String) throws(Failure) -> Part {
    guard let part = parts.first(where: { $0.name == name }) else {
      throw Failure(.badInput, code: "serve.form", "the form has no part \"\(name)\"")
    }
    return part
  }

  // MARK: - Reading

  private static let failure = Failure(
    .badInput, code: "serve.form", "the body does not match its content type",
    hint: "send multipart/form-data")

  /// The parameter `boundary` of the type.
  private static func boundary(_ contentType: String) throws(Failure) -> String {
    let fields = contentType.split(separator: ";").map { $0.trimmed }
    guard fields.first?.lowercased() == "multipart/form-data",
      let field = fields.first(where: { $0.lowercased().hasPrefix("boundary=") })
    else { throw failure }
    let boundary = field.dropFirst("boundary=".count).unquoted
    guard (1...boundaryLimit).contains(boundary.utf8.count) else { throw failure }
    return boundary
  }

  /// A part: header lines, an empty line, its bytes.
  private static func part(_ text: ArraySlice<UInt8>) throws(Failure) -> Part {
    guard let split = find(Array("\r\n\r\n".utf8), in: text),
      let head = String(validating: text[..<split.lowerBound], as: UTF8.self)
    else { throw failure }
    let line = head.split(separator: "\r\n").first {
      $0.lowercased().hasPrefix("content-disposition:")
    }
    let fields = (line?.dropFirst("content-disposition:".count) ?? "").split(separator: ";")
      .map { $0.trimmed }
    func field(_ name: String) -> String? {
      fields.first { $0.lowercased().hasPrefix(name + "=") }?.dropFirst(name.count + 1).unquoted
    }
    guard let name = field("name") else { throw failure }
    return Part(
      name: name, fileName: field("filename"), bytes: Array(text[split.upperBound...]))
  }

  private static func find(_ needle: [UInt8], in text: ArraySlice<UInt8>) -> Range<Int>? {
    let offset = unsafe text.withUnsafeBytes { bytes -> Int? in
      guard let base = bytes.baseAddress else { return nil }
      var start = 0
      // Bodies are megabytes of picture data, in which the first byte is rare.
      while bytes.count - start >= needle.count,
        let found = unsafe memchr(
          base + start, Int32(needle[0]), bytes.count - start - needle.count + 1)
      {
        if unsafe memcmp(found, needle, needle.count) == 0 {
          return unsafe UnsafeRawPointer(found) - base
        }
        start = unsafe UnsafeRawPointer(found) - base + 1
      }
      return nil
    }
    return offset.map { text.startIndex + $0..<text.startIndex + $0 + needle.count }
  }
}

extension Substring {
  /// Without surrounding blanks.
  fileprivate var trimmed: Substring {
    var rest = drop { $0 == " " || $0 == "\t" }
    while rest.last == " " || rest.last == "\t" { rest.removeLast() }
    return rest
  }

  /// Without surrounding quotes.
  fileprivate var unquoted: String {
    count >= 2 && hasPrefix("\"") && hasSuffix("\"")
      ? String(dropFirst().dropLast()) : String(self)
  }
}
