import ArgumentParser
import Media
import SAM2Jobs

/// How overlays look.
struct OverlayOptions: ParsableArguments {
  @Option(
    name: .customLong("overlay-parts"),
    help: ArgumentHelp(
      "Parts that overlays show: fill, contour, label, prompts (default: all).",
      valueName: "part,…"))
  private var list: OverlayParts?

  var parts: Overlay.Parts { list?.parts ?? .all }
}

/// How overlays on pictures are stored.
struct PictureOverlayOptions: ParsableArguments {
  @Option(
    name: .customLong("overlay-format"),
    help: ArgumentHelp(
      "The format of overlays: jpg or png (default: jpg for JPEGs, png for others).",
      valueName: "format"))
  private var choice: OverlayFormatName?

  /// Nil to use the format of each picture.
  var format: OverlayFormat? { choice?.format }
}

/// The value of `--overlay-format`.
private struct OverlayFormatName: ExpressibleByArgument {
  let format: OverlayFormat

  init?(argument: String) {
    guard let format = OverlayFormat(rawValue: argument) else { return nil }
    self.format = format
  }

  static var allValueStrings: [String] { OverlayFormat.allCases.map(\.rawValue) }
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
