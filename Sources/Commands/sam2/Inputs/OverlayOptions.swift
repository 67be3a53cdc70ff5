import ArgumentParser
import Media
import SAM2Jobs

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
  let parts: Overlay.Parts

  init?(argument: String) {
    guard let parts = Overlay.Parts(names: argument) else { return nil }
    self.parts = parts
  }

  static var allValueStrings: [String] { Overlay.Parts.names }
}
