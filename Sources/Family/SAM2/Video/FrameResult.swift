public import Media
public import Tensors

/// The masks of all objects on one frame.
public struct FrameResult: Sendable {
  /// One object on the frame.
  public struct Object: Sendable {
    public let id: Int
    /// [S/4, S/4]: logits, positive inside; -1024 everywhere when the object is absent or has no
    /// result on this frame.
    public let lowResolutionLogits: Tensor
    /// Logit of the object being visible; nil when there is no result on this frame.
    public let objectScore: Float?

    public init(id: Int, lowResolutionLogits: Tensor, objectScore: Float?) {
      self.id = id
      self.lowResolutionLogits = lowResolutionLogits
      self.objectScore = objectScore
    }
  }

  public let frame: Int
  /// In the order in which the objects were added.
  public let objects: [Object]
  /// Size of the video.
  public let width: Int
  public let height: Int
  /// Whether each pixel belongs to at most one object.
  public let masksDoNotOverlap: Bool

  public init(
    frame: Int, objects: [Object], width: Int, height: Int, masksDoNotOverlap: Bool = false
  ) {
    self.frame = frame
    self.objects = objects
    self.width = width
    self.height = height
    self.masksDoNotOverlap = masksDoNotOverlap
  }

  /// Logits of each object at the size of the video, [height, width], in the order of `objects`.
  public func logits() -> [[Float]] {
    var planes = objects.map {
      MaskPlane.enlarge($0.lowResolutionLogits, width: width, height: height)
    }
    if masksDoNotOverlap { MaskPlane.removeOverlaps(&planes) }
    return planes
  }

  /// Masks of each object at the size of the video: where the logits are positive.
  public func masks() -> [(object: Int, mask: BinaryMask)] {
    guard masksDoNotOverlap else {
      return objects.map { object in
        (object.id, MaskPlane.mask(object.lowResolutionLogits, width: width, height: height))
      }
    }
    return zip(objects, logits()).map { object, plane in
      (object.id, BinaryMask(width: width, height: height, logits: plane))
    }
  }
}
