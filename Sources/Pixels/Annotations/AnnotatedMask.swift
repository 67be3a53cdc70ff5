public import Bytes
public import Media

/// The mask of one object in one picture, kept small.
public struct AnnotatedMask: Sendable {
  /// Number of the object.
  public let object: Int
  /// Position of its class in the categories of the context.
  public let category: Int
  /// The model's score of the mask, or the detector's of the object, 0...1; nil when there is none.
  public let score: Double?
  public let width: Int
  public let height: Int
  /// Pixels inside.
  public let area: Int
  /// Nil for an empty mask.
  public let box: PixelBox?
  /// The run lengths as COCO writes them: a few bytes for each run.
  public let cocoCounts: String
  /// The mask pixel by pixel, while several writers need it.
  private var kept: BinaryMask?

  /// With `keepsPixels` the mask is not small before it is `compact`.
  public init(
    object: Int, category: Int = 0, score: Double?, mask: BinaryMask, keepsPixels: Bool = false
  ) {
    let runs = RunLengthMask(mask)
    kept = keepsPixels ? mask : nil
    (self.object, self.category, self.score) = (object, category, score)
    (width, height) = (mask.width, mask.height)
    (area, box, cocoCounts) = (runs.area, mask.boundingBox, runs.cocoCounts)
  }

  public var isEmpty: Bool { area == 0 }

  /// The same without the pixels themselves.
  public var compact: AnnotatedMask {
    var mask = self
    mask.kept = nil
    return mask
  }

  /// The mask pixel by pixel.
  public func pixels() throws(Failure) -> BinaryMask {
    if let kept { return kept }
    return try RunLengthMask(width: width, height: height, cocoCounts: cocoCounts).mask
  }
}

/// A picture, or a frame of a video, with the masks found in it.
public struct AnnotatedPicture: Sendable {
  /// The name of its file, under which other tools find it.
  public let name: String
  /// The name that its own files get, without extension.
  public let stem: String
  /// Number of the frame in a video; the position among the pictures of a run otherwise.
  public let index: Int
  public let width: Int
  public let height: Int
  /// In order of their objects.
  public let masks: [AnnotatedMask]

  /// All masks must have the size of the picture.
  public init(
    name: String, stem: String, index: Int, width: Int, height: Int, masks: [AnnotatedMask]
  ) {
    precondition(masks.allSatisfy { $0.width == width && $0.height == height })
    (self.name, self.stem, self.index) = (name, stem, index)
    (self.width, self.height, self.masks) = (width, height, masks)
  }

  /// The same with nothing but run lengths.
  public var compact: AnnotatedPicture {
    AnnotatedPicture(
      name: name, stem: stem, index: index, width: width, height: height,
      masks: masks.map(\.compact))
  }

  /// The masks that are not empty, as files hold them that list objects.
  var visibleMasks: [AnnotatedMask] { masks.filter { !$0.isEmpty } }
}
