extension SampleScene {
  /// A frame in which `count` objects that look alike circle around the centre.
  ///
  /// They share shape, texture and size, so that only their positions differ. Those with even
  /// numbers circle the other way, so that each meets all of the others; where two meet, the higher
  /// number covers the lower. Later, the last object leaves the picture for a while.
  func rivals(_ count: Int, _ moment: Moment) -> Picture {
    let looks = rivalLooks
    let (w, h) = (Double(moment.width), Double(moment.height))
    let radius = (count > 2 ? 0.105 : 0.14) * min(w, h)
    let drift = moment.drift
    let placed = (0..<count).map { index in
      let angle = rivalAngle(index, of: count, at: moment.time)
      let reach = 0.33 + noise.stream(60 + index).value(0, in: -0.03...0.03)
      var x = 0.5 + reach * Circle.cosine(angle)
      if index == count - 1 {
        let way = Circle.cosine(rivalAngle(index, of: count, at: SampleScene.absence))
        x += (way < 0 ? -0.85 : 0.85) * SampleScene.swing(moment.time)
      }
      let pose = Sprite.Pose(
        x: x * w + drift.x,
        y: (0.5 + 0.29 * Circle.sine(angle)) * h + drift.y, radius: radius, angle: 0.6 * angle)
      return PlacedSprite(
        Sprite(identifier: index + 1, shape: looks.shape, texture: looks.texture), pose)
    }
    return render(
      width: moment.width, height: moment.height, frame: moment.frame, drift: drift, placed)
  }

  /// Evenly spread at first; then each circles at its own pace.
  private func rivalAngle(_ index: Int, of count: Int, at time: Double) -> Double {
    let circle = 6.283185307179586
    let start = circle * (Double(index) / Double(count) + noise.stream(51).value(0))
    let pace = noise.stream(70 + index).value(0, in: 0.55...0.75)
    return start + (index % 2 == 0 ? circle : -circle) * pace * time
  }

  private var rivalLooks: (shape: Shape, texture: Texture) {
    (
      .blob(from: noise.stream(31)),
      Texture(
        pattern: .marble, dark: Colour(227, 103, 71), light: Colour(245, 167, 115),
        noise: noise.stream(32))
    )
  }

  /// The time at which the last object is farthest away.
  private static let absence = 0.78

  /// Rises from 0 to 1 and falls back around the last object's `absence`.
  private static func swing(_ time: Double) -> Double {
    let share = min(max(1 - abs(time - absence) / 0.2, 0), 1)
    return share * share * (3 - 2 * share)
  }
}
