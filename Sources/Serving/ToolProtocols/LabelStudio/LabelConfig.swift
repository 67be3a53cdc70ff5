import Bytes

/// The parts of a Label Studio labelling configuration that a backend needs: the tags, and how they
/// are connected.
struct LabelConfig {
  struct Tag: Equatable {
    let name: String
    let attributes: [String: String]
  }

  let tags: [Tag]

  /// The brush that receives masks, the picture it paints on, and the task's member with its
  /// address.
  struct Brush: Equatable {
    let fromName: String
    let toName: String
    let value: String
  }

  /// Reads the tags; anything else in the text is skipped.
  init(_ text: String) {
    var tags: [Tag] = []
    var rest = Substring(text)
    while let start = rest.firstIndex(of: "<") {
      rest = rest[start...].dropFirst()
      if rest.hasPrefix("!--") {
        guard let end = rest.firstRange(of: "-->") else { break }
        rest = rest[end.upperBound...]
        continue
      }
      if let tag = LabelConfig.tag(&rest) { tags.append(tag) }
    }
    self.tags = tags
  }

  /// Reads a tag after its bracket; nil for a closing tag or other text.
  private static func tag(_ rest: inout Substring) -> Tag? {
    let name = rest.prefix { $0.isLetter || $0.isNumber }
    guard !name.isEmpty else { return nil }
    rest = rest.dropFirst(name.count)
    var attributes: [String: String] = [:]
    while true {
      rest = rest.drop { $0.isWhitespace || $0 == "/" }
      let key = rest.prefix { !$0.isWhitespace && $0 != "=" && $0 != ">" && $0 != "/" }
      guard !key.isEmpty else { break }
      rest = rest.dropFirst(key.count).drop { $0.isWhitespace }
      guard rest.first == "=" else { continue }
      rest = rest.dropFirst().drop { $0.isWhitespace }
      guard let quote = rest.first, quote == "\"" || quote == "'" else { break }
      let value = rest.dropFirst().prefix { $0 != quote }
      rest = rest.dropFirst(value.count + 2)
      attributes[String(key)] = unescaped(value)
    }
    return Tag(name: String(name), attributes: attributes)
  }

  private static func unescaped(_ text: Substring) -> String {
    var result = String(text)
    for (code, character) in [
      ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&"),
    ] { result = result.replacing(code, with: character) }
    return result
  }

  /// The first brush on a picture.
  /// - Throws: `label_studio.config` if there is none.
  func brush() throws(Failure) -> Brush {
    let pictures = tags.filter { $0.name == "Image" }
    for tag in tags where tag.name == "BrushLabels" {
      guard let name = tag.attributes["name"],
        let target = tag.attributes["toName"],
        let picture = pictures.first(where: { $0.attributes["name"] == target }),
        let value = picture.attributes["value"], value.hasPrefix("$")
      else { continue }
      return Brush(fromName: name, toName: target, value: String(value.dropFirst()))
    }
    throw Failure(
      .badInput, code: "label_studio.config",
      "the labelling configuration has no BrushLabels on an Image",
      hint: "add <BrushLabels name=\"tag\" toName=\"image\"> with a label")
  }
}
