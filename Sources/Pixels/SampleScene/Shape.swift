/// The outline of an object, in its own coordinates; it extends about 1 from the origin.
enum Shape: Sendable {
  /// A smooth closed curve: radius 1 plus waves, each with its own number of periods.
  case blob(waves: [Wave])
  /// A convex polygon with rounded corners; vertices in order of increasing angle.
  case polygon(vertices: [Point], rounding: Double)
  case ellipse(halfWidth: Double, halfHeight: Double)

  struct Wave: Sendable {
    let cosine: Double
    let sine: Double
  }

  struct Point: Sendable {
    let x: Double
    let y: Double
  }

  /// The approximate distance to the outline: negative inside, positive outside.
  func signedDistance(_ x: Double, _ y: Double) -> Double {
    switch self {
    case .blob(let waves):
      return Shape.blobDistance(x, y, waves)
    case .polygon(let vertices, let rounding):
      return Shape.polygonDistance(x, y, vertices) - rounding
    case .ellipse(let a, let b):
      // First order: the implicit value divided by the length of its gradient.
      let value = x * x / (a * a) + y * y / (b * b) - 1
      let (gx, gy) = (2 * x / (a * a), 2 * y / (b * b))
      let slope = (gx * gx + gy * gy).squareRoot()
      return slope < 1e-3 ? -min(a, b) : value / slope
    }
  }

  private static func blobDistance(_ x: Double, _ y: Double, _ waves: [Wave]) -> Double {
    let radius = (x * x + y * y).squareRoot()
    guard radius > 1e-6 else { return -0.5 }
    // Computes cos(k t) and sin(k t) by multiplying complex numbers, so that no angle is needed.
    let (c, s) = (x / radius, y / radius)
    var (ck, sk) = (1.0, 0.0)
    var reach = 1.0
    for wave in waves {
      (ck, sk) = (ck * c - sk * s, ck * s + sk * c)
      reach += wave.cosine * ck + wave.sine * sk
    }
    return radius - reach
  }

  private static func polygonDistance(_ x: Double, _ y: Double, _ vertices: [Point]) -> Double {
    var nearest = Double.infinity
    var isInside = true
    for (i, a) in vertices.enumerated() {
      let b = vertices[(i + 1) % vertices.count]
      let (ex, ey) = (b.x - a.x, b.y - a.y)
      let (px, py) = (x - a.x, y - a.y)
      if ex * py - ey * px < 0 { isInside = false }
      let along = min(max((px * ex + py * ey) / (ex * ex + ey * ey), 0), 1)
      let (dx, dy) = (px - along * ex, py - along * ey)
      nearest = min(nearest, dx * dx + dy * dy)
    }
    return isInside ? -nearest.squareRoot() : nearest.squareRoot()
  }
}

extension Shape {
  /// A blob whose waves are drawn from `noise`: the finer the wave, the fainter.
  static func blob(from noise: Noise) -> Shape {
    // The first wave would only move the centre, so its strength is 0.
    let strengths = [0, 0.16, 0.09, 0.05, 0.025]
    return .blob(
      waves: strengths.enumerated().map { k, strength in
        Wave(
          cosine: strength * noise.value(2 * k, in: -1...1),
          sine: strength * noise.value(2 * k + 1, in: -1...1))
      })
  }

  /// A slightly irregular polygon with `count` corners.
  static func polygon(corners count: Int, from noise: Noise) -> Shape {
    let rounding = 0.16
    let vertices = (0..<count).map { k in
      let angle = 6.283185307179586 * (Double(k) + noise.value(k, in: -0.12...0.12)) / Double(count)
      return Point(
        x: (1 - rounding) * Circle.cosine(angle), y: (1 - rounding) * Circle.sine(angle))
    }
    return .polygon(vertices: vertices, rounding: rounding)
  }
}
