public import Media

extension Overlay.Parts {
  /// The names of parts, for people.
  public static let names = named.map(\.name)

  private static let named: [(name: String, part: Overlay.Parts)] = [
    ("fill", .fill), ("contour", .contour), ("label", .label), ("prompts", .prompts),
  ]

  /// Reads names with commas, as `fill,contour`; nil when one is unknown.
  public init?(names list: String) {
    var parts: Overlay.Parts = []
    for word in list.split(separator: ",", omittingEmptySubsequences: false) {
      guard let part = Self.named.first(where: { $0.name == word })?.part else { return nil }
      parts.formUnion(part)
    }
    self = parts
  }
}
