/// An object's identity and looks.
struct Sprite: Sendable {
  let identifier: Int
  let shape: Shape
  let texture: Texture

  /// Where an object is in one frame.
  struct Pose: Sendable {
    /// Centre in pixels.
    var x: Double
    var y: Double
    /// Approximate distance from the centre to the outline, in pixels.
    var radius: Double
    /// Rotation in radians, clockwise on screen.
    var angle: Double
  }
}

/// A sprite in its pose, ready to be sampled pixel by pixel.
struct PlacedSprite {
  let sprite: Sprite
  let pose: Sprite.Pose
  private let cosine: Double
  private let sine: Double

  init(_ sprite: Sprite, _ pose: Sprite.Pose) {
    self.sprite = sprite
    self.pose = pose
    cosine = Circle.cosine(pose.angle)
    sine = Circle.sine(pose.angle)
  }

  /// How far the sprite, including its shadow, extends from the centre, in pixels.
  var reach: Double { 1.4 * pose.radius + 16 }

  private func local(_ x: Double, _ y: Double) -> (Double, Double) {
    let (dx, dy) = ((x - pose.x) / pose.radius, (y - pose.y) / pose.radius)
    return (cosine * dx + sine * dy, cosine * dy - sine * dx)
  }

  /// The share of the pixel at (x, y) that is covered, its colour, and the shadow's share.
  func sample(_ x: Double, _ y: Double) -> (coverage: Double, colour: Colour, shadow: Double) {
    let (u, v) = local(x, y)
    let distance = sprite.shape.signedDistance(u, v) * pose.radius
    let coverage = min(max(0.5 - distance, 0), 1)
    guard coverage > 0 else { return (0, Colour(0, 0, 0), shadow(x, y)) }
    // Light from the upper left and a darker rim make the object look round.
    let (dx, dy) = ((x - pose.x) / pose.radius, (y - pose.y) / pose.radius)
    let rim = min(max(1 + distance / (0.30 * pose.radius), 0), 1)
    let light = 1.05 - 0.16 * (0.6 * dx + 0.8 * dy) - 0.26 * rim * rim
    return (coverage, sprite.texture.colour(u, v).lit(by: light), 0)
  }

  private func shadow(_ x: Double, _ y: Double) -> Double {
    let offset = 0.09 * pose.radius
    let (u, v) = local(x - offset, y - 1.4 * offset)
    let softness = 0.16 * pose.radius
    let depth = 0.5 - sprite.shape.signedDistance(u, v) * pose.radius / (2 * softness)
    let share = min(max(depth, 0), 1)
    return 0.34 * share * share
  }
}
