/// The surface of an object, in its own coordinates.
struct Texture: Sendable {
  enum Pattern: Sendable {
    case marble
    case stripes
    case checks
  }

  let pattern: Pattern
  let dark: Colour
  let light: Colour
  let noise: Noise

  /// The colour at a point, before lighting.
  func colour(_ x: Double, _ y: Double) -> Colour {
    let grain = 0.10 * (noise.stream(9).smooth(x * 14, y * 14) - 0.5)
    return dark.mixed(with: light, share: min(max(share(x, y) + grain, 0), 1))
  }

  private func share(_ x: Double, _ y: Double) -> Double {
    switch pattern {
    case .marble:
      let bend = noise.cloudy(x * 1.7 + 20, y * 1.7 + 20, octaves: 3)
      return 0.5 + 0.5 * Circle.sine(9 * bend + 2.5 * x)
    case .stripes:
      let bend = 0.5 * noise.smooth(x * 1.3, y * 1.3)
      return Texture.softened(Circle.sine(8.5 * (y + bend)))
    case .checks:
      return Texture.softened(3 * Circle.sine(7 * x) * Circle.sine(7 * y))
    }
  }

  /// Maps -1...1 to 0...1 with edges that are steep but not hard.
  private static func softened(_ wave: Double) -> Double {
    0.5 + 0.5 * min(max(2.5 * wave, -1), 1)
  }
}

/// A colour before rounding, 0...255 per channel.
struct Colour: Sendable {
  var red: Double
  var green: Double
  var blue: Double

  init(_ red: Double, _ green: Double, _ blue: Double) {
    self.red = red
    self.green = green
    self.blue = blue
  }

  func mixed(with other: Colour, share: Double) -> Colour {
    Colour(
      red + (other.red - red) * share, green + (other.green - green) * share,
      blue + (other.blue - blue) * share)
  }

  func lit(by factor: Double) -> Colour { Colour(red * factor, green * factor, blue * factor) }
}
