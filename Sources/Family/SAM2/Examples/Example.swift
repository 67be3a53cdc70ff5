public import Media

/// A picture on which a person has marked objects.
public struct Example: Sendable {
  /// One object marked on it.
  public struct Mark: Sendable {
    /// Number of the object; the same on every example that shows it.
    public var object: Int
    /// Clicks, in pixels of the picture; labels 1 (object) and 0 (not the object).
    public var points: [Prompt.Point]
    public var box: Prompt.Box?
    /// A mask of the picture's size, given instead of clicks and a box.
    public var mask: BinaryMask?

    public init(
      object: Int, points: [Prompt.Point] = [], box: Prompt.Box? = nil, mask: BinaryMask? = nil
    ) {
      self.object = object
      self.points = points
      self.box = box
      self.mask = mask
    }
  }

  public var picture: RGBImage
  public var marks: [Mark]

  public init(_ picture: RGBImage, marks: [Mark]) {
    self.picture = picture
    self.marks = marks
  }
}
