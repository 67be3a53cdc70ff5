/// Draws masks and prompts over a picture, in the hues of the palette PNGs.
public enum Overlay {
  /// A person's prompt; shown on top of the masks.
  ///
  /// Positions are in pixels from the top-left corner.
  public enum Prompt: Sendable, Hashable {
    /// Green when positive, red when negative.
    case point(x: Double, y: Double, isPositive: Bool)
    case box(left: Double, top: Double, right: Double, bottom: Double)
  }

  /// The parts of an overlay.
  public struct Parts: OptionSet, Sendable {
    public let rawValue: Int

    public init(rawValue: Int) { self.rawValue = rawValue }

    /// A tint over each mask.
    public static let fill = Parts(rawValue: 1)
    /// A line along the inside of each mask's edge, with a dark border outside.
    public static let contour = Parts(rawValue: 2)
    /// The number of each object.
    public static let label = Parts(rawValue: 4)
    /// Clicks and boxes.
    public static let prompts = Parts(rawValue: 8)

    public static let all: Parts = [.fill, .contour, .label, .prompts]
  }

  /// Draws each mask in the colour of its identifier, then the numbers, then the prompts.
  ///
  /// Masks must have the picture's size. Where they overlap, tints mix, with the lowest identifier
  /// on top. `opacity` is the share of the tint, 0...1.
  public static func draw(
    _ image: RGBImage, masks: [(identifier: Int, mask: BinaryMask)], prompts: [Prompt] = [],
    parts: Parts = .all, opacity: Double = 0.45
  ) -> RGBImage {
    var canvas = Canvas(image)
    let lineWidth = max(1, (min(image.width, image.height) + 120) / 240)
    let fromBack = masks.sorted { $0.identifier > $1.identifier }
    for (identifier, mask) in fromBack {
      precondition(mask.width == image.width && mask.height == image.height)
      let colour = colour(of: identifier)
      if parts.contains(.fill) { canvas.tint(mask, colour, opacity: opacity) }
      if parts.contains(.contour) { canvas.contour(mask, colour, lineWidth: lineWidth) }
    }
    let visible = parts.contains(.prompts) ? prompts : []
    if parts.contains(.label) {
      var plates: [PixelBox] = []
      for (identifier, mask) in fromBack.reversed() {
        canvas.label(identifier, on: mask, colour(of: identifier), avoiding: visible, &plates)
      }
    }
    for prompt in visible { canvas.mark(prompt) }
    return canvas.image
  }

  /// Draws the number of each mask, one after another; later ones make room for earlier ones.
  ///
  /// Suitable for more masks than fit in memory at once: `masks` may create them one by one.
  public static func label(
    _ image: RGBImage, masks: some Sequence<(identifier: Int, mask: BinaryMask)>
  ) -> RGBImage {
    var canvas = Canvas(image)
    var plates: [PixelBox] = []
    for (identifier, mask) in masks {
      canvas.label(identifier, on: mask, colour(of: identifier), avoiding: [], &plates)
    }
    return canvas.image
  }

  /// The palette's hue with its largest component at full intensity: palette colours are dark, and
  /// muddy as tints.
  static func colour(of identifier: Int) -> RGBColour {
    let colour = DAVISPalette.colour(of: identifier)
    let largest = Int(max(colour.red, colour.green, colour.blue))
    guard largest > 0 else { return .white }
    func scaled(_ value: UInt8) -> UInt8 { UInt8(Int(value) * 255 / largest) }
    return RGBColour(scaled(colour.red), scaled(colour.green), scaled(colour.blue))
  }
}
