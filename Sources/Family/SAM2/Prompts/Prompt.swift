public import Tensors

/// The prompt for one object: clicks, a box, an earlier mask, or a combination of these.
///
/// All coordinates are pixels of the original picture, x to the right, y down.
public struct Prompt: Sendable {
  /// A click, labelled 1 if on the object and 0 if off it.
  ///
  /// Labels 2 and 3 are the corners of a box; -1 is padding.
  public struct Point: Sendable, Hashable {
    public var x: Float
    public var y: Float
    public var label: Int

    public init(x: Float, y: Float, label: Int = 1) {
      self.x = x
      self.y = y
      self.label = label
    }
  }

  /// A box, given by its upper left and lower right corners.
  public struct Box: Sendable, Hashable {
    public var x0: Float
    public var y0: Float
    public var x1: Float
    public var y1: Float

    public init(x0: Float, y0: Float, x1: Float, y1: Float) {
      self.x0 = x0
      self.y0 = y0
      self.x1 = x1
      self.y1 = y1
    }
  }

  public var points: [Point]
  public var box: Box?
  /// Mask logits [S/4, S/4] or [1, S/4, S/4], as `MaskPrediction.maskPrompt` gives them.
  public var maskLogits: Tensor?

  public init(points: [Point] = [], box: Box? = nil, maskLogits: Tensor? = nil) {
    self.points = points
    self.box = box
    self.maskLogits = maskLogits
  }
}
