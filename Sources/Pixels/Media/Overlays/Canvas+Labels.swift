// Draws numbers on pictures.

extension Canvas {
  /// Digits of five columns and seven rows; the highest of the five bits is the left column.
  private static let digits: [[UInt8]] = [
    [14, 17, 19, 21, 25, 17, 14], [4, 12, 4, 4, 4, 4, 14], [14, 17, 1, 2, 4, 8, 31],
    [31, 2, 4, 2, 1, 17, 14], [2, 6, 10, 18, 31, 2, 2], [31, 16, 30, 1, 1, 17, 14],
    [6, 8, 16, 30, 17, 17, 14], [31, 1, 2, 4, 8, 8, 8], [14, 17, 17, 14, 17, 17, 14],
    [14, 17, 17, 15, 1, 2, 12],
  ]

  /// A plate with a number: its position, and the size of the dots that form its digits.
  struct Plate {
    var box: PixelBox
    let dot: Int

    /// A plate for `text`, with its top-left corner in that of the picture.
    init(_ text: String, in image: RGBImage) {
      // Digits are about a thirtieth of the shorter side, and at least seven pixels high.
      dot = max(1, (min(image.width, image.height) + 110) / 220)
      let columns = 6 * text.utf8.count - 1
      box = PixelBox(left: 0, top: 0, right: (columns + 4) * dot - 1, bottom: 11 * dot - 1)
    }

    /// The same plate centred on a position, then moved so that it stays inside the picture.
    func centered(_ x: Int, _ y: Int, in image: RGBImage) -> Plate {
      var copy = self
      let left = max(0, min(x - box.right / 2, image.width - 1 - box.right))
      let top = max(0, min(y - box.bottom / 2, image.height - 1 - box.bottom))
      copy.box = PixelBox(left: left, top: top, right: left + box.right, bottom: top + box.bottom)
      return copy
    }

    /// Whether it would cover any of the other plates.
    func covers(_ others: [PixelBox]) -> Bool {
      others.contains { other in
        box.left <= other.right && other.left <= box.right && box.top <= other.bottom
          && other.top <= box.bottom
      }
    }

    /// Whether one of `prompts` would cover it.
    func isUnder(_ prompts: [Overlay.Prompt]) -> Bool {
      let margin = Double(5 * dot)
      return prompts.contains { prompt in
        guard case .point(let x, let y, _) = prompt else { return false }
        return x > Double(box.left) - margin && x < Double(box.right) + margin
          && y > Double(box.top) - margin && y < Double(box.bottom) + margin
      }
    }
  }

  /// Writes an object's number where its mask is widest, or beside the mask if prompts or other
  /// plates are in the way or the mask is small.
  ///
  /// `plates` are the boxes of earlier numbers; this one is added to them.
  mutating func label(
    _ identifier: Int, on mask: BinaryMask, _ colour: RGBColour, avoiding prompts: [Overlay.Prompt],
    _ plates: inout [PixelBox]
  ) {
    // Searches only within the box: this step dominates in large pictures with many objects.
    guard let box = mask.boundingBox, var middle = mask.part(box).deepestPoint else { return }
    middle = (middle.x + box.left, middle.y + box.top)
    let text = String(identifier)
    let plate = Plate(text, in: image)
    let (width, height) = (plate.box.right, plate.box.bottom)
    let gap = height / 2 + 2 * plate.dot
    var places = [
      (middle.x, box.top - gap), (middle.x, box.bottom + gap), (box.left - width, middle.y),
      (box.right + width, middle.y),
    ]
    // On the mask itself, unless the plate would hide it.
    if box.right - box.left > 2 * width, box.bottom - box.top > 2 * height {
      places.insert((middle.x, middle.y), at: 0)
    }
    let possible = places.map { plate.centered($0.0, $0.1, in: image) }
    let chosen = possible.first { !$0.isUnder(prompts) && !$0.covers(plates) } ?? possible[0]
    plates.append(chosen.box)
    draw(text, on: chosen, rim: colour)
  }

  /// Writes a number centred on a position, moved as needed to stay inside the picture.
  mutating func label(_ number: Int, atX x: Double, y: Double, _ colour: RGBColour) {
    let text = String(number)
    let column = Int(min(max(x, 0), Double(image.width)))
    let row = Int(min(max(y, 0), Double(image.height)))
    draw(text, on: Plate(text, in: image).centered(column, row, in: image), rim: colour)
  }

  /// Writes a number in the top-left corner.
  mutating func cornerLabel(_ number: Int) {
    let text = String(number)
    draw(text, on: Plate(text, in: image), rim: .black)
  }

  /// White digits on a dark plate, legible on any background.
  private mutating func draw(_ text: String, on plate: Plate, rim: RGBColour) {
    let (box, dot) = (plate.box, plate.dot)
    let edge = max(1, dot / 2)
    for y in max(box.top, 0)...min(box.bottom, image.height - 1) {
      for x in max(box.left, 0)...min(box.right, image.width - 1) {
        let fromSide = min(x - box.left, box.right - x)
        let fromTop = min(y - box.top, box.bottom - y)
        // The corners are cut off.
        if fromSide + fromTop < dot { continue }
        let isRim = min(fromSide, fromTop) < edge || fromSide + fromTop < dot + edge
        blend(x, y, isRim ? rim : RGBColour(16, 16, 16), share: isRim ? 1 : 0.8)
      }
    }
    for (place, character) in text.utf8.enumerated() {
      guard (48...57).contains(character) else { continue }
      let left = box.left + (2 + 6 * place) * dot
      for (row, bits) in Canvas.digits[Int(character) - 48].enumerated() {
        for column in 0..<5 where bits >> (4 - column) & 1 == 1 {
          square(left + column * dot, box.top + (2 + row) * dot, dot)
        }
      }
    }
  }

  private mutating func square(_ left: Int, _ top: Int, _ side: Int) {
    for y in top..<top + side where y >= 0 && y < image.height {
      for x in left..<left + side where x >= 0 && x < image.width {
        blend(x, y, .white, share: 1)
      }
    }
  }
}

extension BinaryMask {
  /// The part within `box`, which must be inside the mask.
  fileprivate func part(_ box: PixelBox) -> BinaryMask {
    let (columns, rows) = (box.right - box.left + 1, box.bottom - box.top + 1)
    var part: [Bool] = []
    part.reserveCapacity(columns * rows)
    for y in box.top...box.bottom {
      part += bits[y * width + box.left...y * width + box.right]
    }
    return BinaryMask(width: columns, height: rows, bits: part)
  }
}
