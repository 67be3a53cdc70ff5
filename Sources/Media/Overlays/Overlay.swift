/// Draws masks and prompts over a picture, in the hues of the palette PNGs.
public enum Overlay {
  /// What a person gave; shown on top of the masks.
  ///
  /// Positions are in pixels from the top left.
  public enum Prompt: Sendable, Hashable {
    /// Green when positive, red when negative.
    case point(x: Double, y: Double, isPositive: Bool)
    case box(left: Double, top: Double, right: Double, bottom: Double)
  }

  /// Each mask as a tint with a contour, in the colour of its identifier; then the prompts.
  ///
  /// Masks must have the picture's size. Where they overlap, tints mix and the lowest identifier
  /// lies on top. `opacity` is the share of the tint, 0...1.
  public static func draw(
    _ image: RGBImage, masks: [(identifier: Int, mask: BinaryMask)], prompts: [Prompt] = [],
    opacity: Double = 0.45
  ) -> RGBImage {
    var canvas = Canvas(image)
    let lineWidth = max(1, (min(image.width, image.height) + 120) / 240)
    for (identifier, mask) in masks.sorted(by: { $0.identifier > $1.identifier }) {
      precondition(mask.width == image.width && mask.height == image.height)
      let colour = brightened(DAVISPalette.colour(of: identifier))
      canvas.tint(mask, colour, opacity: opacity)
      canvas.contour(mask, colour, lineWidth: lineWidth)
    }
    for prompt in prompts { canvas.mark(prompt) }
    return canvas.image
  }

  /// The same hue with its largest component at full: palette colours are dark, and muddy as tints.
  private static func brightened(_ colour: RGBColour) -> RGBColour {
    let largest = Int(max(colour.red, colour.green, colour.blue))
    guard largest > 0 else { return .white }
    func scaled(_ value: UInt8) -> UInt8 { UInt8(Int(value) * 255 / largest) }
    return RGBColour(scaled(colour.red), scaled(colour.green), scaled(colour.blue))
  }
}
