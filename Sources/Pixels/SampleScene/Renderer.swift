import Media

/// Paints a background and sprites, and records which object is visible at each pixel.
struct Renderer {
  let width: Int
  let height: Int
  private var colours: [Colour]
  private var labels: [UInt8]

  /// A calm background: a slanted gradient, clouds and a faint weave; `drift` moves it.
  init(width: Int, height: Int, noise: Noise, drift: (x: Double, y: Double)) {
    self.width = width
    self.height = height
    colours = []
    colours.reserveCapacity(width * height)
    labels = [UInt8](repeating: 0, count: width * height)
    let unit = 1 / Double(min(width, height))
    let (near, far) = (Colour(58, 72, 92), Colour(132, 140, 138))
    for y in 0..<height {
      for x in 0..<width {
        let u = (Double(x) - drift.x) * unit
        let v = (Double(y) - drift.y) * unit
        let cloud = noise.cloudy(u * 2.6 + 40, v * 2.6 + 40, octaves: 3)
        let weave = noise.stream(11).smooth(u * 60 + 400, v * 34 + 400)
        let share = 0.30 + 0.30 * (v - 0.5) + 0.75 * (cloud - 0.5) + 0.07 * (weave - 0.5)
        colours.append(near.mixed(with: far, share: min(max(share + 0.2, 0), 1)))
      }
    }
  }

  /// Paints `placed` over everything painted so far.
  mutating func paint(_ placed: PlacedSprite) {
    let (columns, rows) = reach(of: placed)
    for y in rows {
      for x in columns {
        let i = y * width + x
        let (coverage, colour, shadow) = placed.sample(Double(x), Double(y))
        if shadow > 0 { colours[i] = colours[i].lit(by: 1 - shadow) }
        guard coverage > 0 else { continue }
        colours[i] = colours[i].mixed(with: colour, share: coverage)
        if coverage > 0.5 { labels[i] = UInt8(placed.sprite.identifier) }
      }
    }
  }

  /// The columns and rows of the picture that a sprite can touch.
  private func reach(of placed: PlacedSprite) -> (Range<Int>, Range<Int>) {
    func span(_ center: Double, _ limit: Int) -> Range<Int> {
      let first = min(max(Int(center - placed.reach), 0), limit)
      return first..<max(min(Int(center + placed.reach) + 1, limit), first)
    }
    return (span(placed.pose.x, width), span(placed.pose.y, height))
  }

  /// The picture with sensor noise, and the visible part of each object.
  func finish(noise: Noise) -> (image: RGBImage, labels: LabelMap) {
    var pixels: [UInt8] = []
    pixels.reserveCapacity(3 * width * height)
    for y in 0..<height {
      for x in 0..<width {
        let colour = colours[y * width + x]
        let error = 2.2 * noise.bell(x, y)
        for value in [colour.red, colour.green, colour.blue] {
          pixels.append(UInt8(min(max(value + error, 0), 255).rounded()))
        }
      }
    }
    return (
      RGBImage(width: width, height: height, pixels: pixels),
      LabelMap(width: width, height: height, labels: labels)
    )
  }
}
