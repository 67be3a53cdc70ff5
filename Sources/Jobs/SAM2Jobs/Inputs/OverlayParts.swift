public import Media

extension Overlay.Parts {
  /// The names of the parts, for people.
  public static let names = named.map(\.name)

  private static let named: [(name: String, part: Overlay.Parts)] = [
    ("fill", .fill), ("contour", .contour), ("label", .label), ("prompts", .prompts),
  ]

  /// Parses comma-separated names, such as `fill,contour`; nil if one is unknown.
  public init?(names list: String) {
    var parts: Overlay.Parts = []
    for word in list.split(separator: ",", omittingEmptySubsequences: false) {
      guard let part = Self.named.first(where: { $0.name == word })?.part else { return nil }
      parts.formUnion(part)
    }
    self = parts
  }
}
