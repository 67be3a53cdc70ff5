import Bytes
import Media

/// A mask as the transparent picture that Kdenlive overlays on a frame.
struct MaskPainter {
  let colour: KdenliveOptions.Colour
  let borderColour: KdenliveOptions.Colour
  /// Width of the border in pixels, half of it on each side of the outline; 0 for no border.
  let border: Int

  init(_ options: KdenliveOptions) {
    (colour, borderColour, border) = (options.colour, options.borderColour, options.border)
  }

  /// A PNG with the mask's size.
  func png(_ mask: BinaryMask) throws(Failure) -> [UInt8] {
    var pixels = [UInt8](repeating: 0, count: 4 * mask.bits.count)
    for (index, isInside) in mask.bits.enumerated() where isInside {
      put(colour, &pixels, index)
    }
    if border > 0 {
      for index in borderPixels(of: mask) { put(borderColour, &pixels, index) }
    }
    return try PNGWriter.encodeRGBA(pixels, width: mask.width, height: mask.height)
  }

  private func put(_ colour: KdenliveOptions.Colour, _ pixels: inout [UInt8], _ index: Int) {
    pixels[4 * index] = colour.red
    pixels[4 * index + 1] = colour.green
    pixels[4 * index + 2] = colour.blue
    pixels[4 * index + 3] = colour.alpha
  }

  /// The pixels within half a border width of those on the outer edge of the mask.
  private func borderPixels(of mask: BinaryMask) -> Set<Int> {
    let reach = border / 2
    var found: Set<Int> = []
    for outline in Outline.all(of: mask) where !outline.isHole {
      for point in outline.pixelMiddles {
        let (x, y) = (Int(point.x), Int(point.y))
        for dy in -reach...reach {
          for dx in -reach...reach where dx * dx + dy * dy <= reach * reach {
            guard (0..<mask.width).contains(x + dx), (0..<mask.height).contains(y + dy) else {
              continue
            }
            found.insert((y + dy) * mask.width + x + dx)
          }
        }
      }
    }
    return found
  }
}
