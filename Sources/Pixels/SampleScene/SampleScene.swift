public import Media

/// A synthetic scene with true masks: textured objects on a calm background, three in the picture
/// and two in the clip.
///
/// The seed determines every picture, mask and number, on every machine. The clip is kept simple
/// enough for the small bundled model, which confuses objects when there are more than two.
public struct SampleScene: Sendable {
  public let seed: UInt64
  let noise: Noise
  private let sprites: [Sprite]

  public init(seed: UInt64 = 12) {
    self.seed = seed
    noise = Noise(seed: seed)
    sprites = SampleScene.sprites(from: noise)
  }

  // MARK: - Pictures

  /// A picture or frame with its ground truth.
  public struct Picture: Sendable {
    public let image: RGBImage
    /// Identifier of the visible object at each pixel; 0 is background.
    public let labels: LabelMap

    /// The visible part of each visible object, in ascending order of identifier.
    public var masks: [(identifier: Int, mask: BinaryMask)] {
      labels.identifiers.map { ($0, labels.mask(of: $0)) }
    }

    /// A click and a box for each visible object.
    public var prompts: [Prompt] {
      masks.compactMap { Prompt(identifier: $0.identifier, mask: $0.mask) }
    }
  }

  /// The prompt a person would give to select one object.
  public struct Prompt: Sendable, Hashable {
    public let identifier: Int
    /// The pixel deepest inside the visible part.
    public let x: Int
    public let y: Int
    /// The smallest box around the visible part.
    public let box: PixelBox

    /// Nil for an empty mask.
    init?(identifier: Int, mask: BinaryMask) {
      guard let point = mask.deepestPoint, let box = mask.boundingBox else { return nil }
      self.identifier = identifier
      (x, y) = point
      self.box = box
    }
  }

  /// One picture; the second object covers part of the first.
  public func still(width: Int = 512, height: Int = 384) -> Picture {
    let (w, h) = (Double(width), Double(height))
    let unit = min(w, h)
    return render(
      width: width, height: height, frame: 0, drift: (0, 0),
      poses: [
        Sprite.Pose(x: 0.32 * w, y: 0.53 * h, radius: 0.27 * unit, angle: 0.3),
        Sprite.Pose(x: 0.57 * w, y: 0.70 * h, radius: 0.205 * unit, angle: 0.8),
        Sprite.Pose(x: 0.75 * w, y: 0.31 * h, radius: 0.25 * unit, angle: -0.45),
      ])
  }

  /// A short video; see `Clip`.
  public func clip(
    width: Int = 320, height: Int = 240, frameCount: Int = 48, action: Action = .crossing
  ) -> Clip {
    precondition(frameCount > 0)
    return Clip(
      scene: self, action: action, width: width, height: height, frameCount: frameCount)
  }

  /// The course of events in a clip.
  public enum Action: Sendable, Hashable {
    /// Two objects cross, the second covering part of the first for a while and then leaving.
    case crossing
    /// This many objects that look alike circle in both directions and cover each other where they
    /// meet; the last one leaves the picture for a while.
    case rivals(Int)
  }

  /// A video, drawn frame by frame.
  public struct Clip: Sendable {
    let scene: SampleScene
    let action: Action
    public let width: Int
    public let height: Int
    public let frameCount: Int

    /// Renders the frame at `index`, 0..<frameCount.
    public func frame(_ index: Int) -> Picture {
      precondition((0..<frameCount).contains(index))
      let time = Double(index) / Double(max(frameCount - 1, 1))
      let moment = Moment(frame: index, time: time, width: width, height: height)
      switch action {
      case .crossing: return scene.crossing(moment)
      case .rivals(let count): return scene.rivals(count, moment)
      }
    }

    /// Prompts for the first frame.
    public var prompts: [Prompt] { frame(0).prompts }
  }

  // MARK: - Choreography

  /// A frame of a clip: its index, its time (0 to 1), and its size.
  struct Moment {
    let frame: Int
    let time: Double
    let width: Int
    let height: Int

    /// Movement of the camera since the start, in pixels.
    var drift: (x: Double, y: Double) {
      (
        0.02 * Double(width) * Circle.sine(3 * time), 0.015 * Double(height) * Circle.sine(5 * time)
      )
    }
  }

  private func crossing(_ moment: Moment) -> Picture {
    let (w, h, t) = (Double(moment.width), Double(moment.height), moment.time)
    let unit = min(w, h)
    let drift = moment.drift
    let nudge = noise.stream(3).value(1, in: -0.02...0.02)
    var poses = [
      Sprite.Pose(
        x: (0.3 + 0.2 * t) * w, y: (0.36 + nudge) * h, radius: 0.22 * unit, angle: 0.3 + 0.9 * t),
      Sprite.Pose(
        x: (0.76 - 0.95 * t) * w, y: (0.58 - nudge) * h, radius: 0.15 * unit, angle: 0.8 - t),
    ]
    for i in poses.indices {
      poses[i].x += drift.x
      poses[i].y += drift.y
    }
    return render(
      width: moment.width, height: moment.height, frame: moment.frame, drift: drift, poses: poses)
  }

  /// Paints from back to front: the third object if present, the first, then the second.
  private func render(
    width: Int, height: Int, frame: Int, drift: (x: Double, y: Double), poses: [Sprite.Pose]
  ) -> Picture {
    let placed = [2, 0, 1].filter { $0 < poses.count }.map { PlacedSprite(sprites[$0], poses[$0]) }
    return render(width: width, height: height, frame: frame, drift: drift, placed)
  }

  /// Paints from back to front.
  func render(
    width: Int, height: Int, frame: Int, drift: (x: Double, y: Double), _ sprites: [PlacedSprite]
  ) -> Picture {
    var renderer = Renderer(width: width, height: height, noise: noise.stream(1), drift: drift)
    for sprite in sprites { renderer.paint(sprite) }
    let (image, labels) = renderer.finish(noise: noise.stream(1000 + frame))
    return Picture(image: image, labels: labels)
  }

  private static func sprites(from noise: Noise) -> [Sprite] {
    [
      Sprite(
        identifier: 1, shape: .polygon(corners: 6, from: noise.stream(21)),
        texture: Texture(
          pattern: .stripes, dark: Colour(36, 133, 145), light: Colour(82, 181, 181),
          noise: noise.stream(22))),
      Sprite(
        identifier: 2, shape: .blob(from: noise.stream(31)),
        texture: Texture(
          pattern: .marble, dark: Colour(227, 103, 71), light: Colour(245, 167, 115),
          noise: noise.stream(32))),
      Sprite(
        identifier: 3, shape: .ellipse(halfWidth: 1.15, halfHeight: 0.72),
        texture: Texture(
          pattern: .checks, dark: Colour(136, 99, 188), light: Colour(182, 149, 222),
          noise: noise.stream(42))),
    ]
  }
}
