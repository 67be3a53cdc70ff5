import ArgumentParser
import Media

/// How overlays look.
struct OverlayOptions: ParsableArguments {
  @Option(
    name: .customLong("overlay-parts"),
    help: ArgumentHelp(
      "What overlays show: fill, contour, label, prompts (default: all).",
      valueName: "part,…"))
  private var list: OverlayParts?

  var parts: Overlay.Parts { list?.parts ?? .all }
}

/// The value of `--overlay-parts`.
private struct OverlayParts: ExpressibleByArgument {
  private static let names: [(String, Overlay.Parts)] = [
    ("fill", .fill), ("contour", .contour), ("label", .label), ("prompts", .prompts),
  ]

  let parts: Overlay.Parts

  init?(argument: String) {
    var parts: Overlay.Parts = []
    for word in argument.split(separator: ",", omittingEmptySubsequences: false) {
      guard let part = Self.names.first(where: { $0.0 == word })?.1 else { return nil }
      parts.formUnion(part)
    }
    self.parts = parts
  }

  static var allValueStrings: [String] { names.map(\.0) }
}
