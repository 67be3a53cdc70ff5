public import Bytes
public import Media

/// The mask of one object in one picture, stored compactly.
public struct AnnotatedMask: Sendable {
  /// The object's number.
  public let object: Int
  /// Index of its class in the context's categories.
  public let category: Int
  /// The model's score for the mask, or the detector's for the object, 0...1; nil without a score.
  public let score: Double?
  public let width: Int
  public let height: Int
  /// Number of pixels inside the mask.
  public let area: Int
  /// Nil for an empty mask.
  public let box: PixelBox?
  /// The run lengths as COCO writes them: a few bytes per run.
  public let cocoCounts: String
  /// The mask pixel by pixel, kept while several writers need it.
  private var kept: BinaryMask?

  /// With `keepsPixels`, the mask also holds its pixels until `compact` drops them.
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

  /// A copy without the pixels themselves.
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
  /// Its file name, by which other tools find it.
  public let name: String
  /// The name given to its output files, without extension.
  public let stem: String
  /// Frame number in a video; otherwise the position among the pictures of a run.
  public let index: Int
  public let width: Int
  public let height: Int
  /// Ordered by object.
  public let masks: [AnnotatedMask]

  /// All masks must have the size of the picture.
  public init(
    name: String, stem: String, index: Int, width: Int, height: Int, masks: [AnnotatedMask]
  ) {
    precondition(masks.allSatisfy { $0.width == width && $0.height == height })
    (self.name, self.stem, self.index) = (name, stem, index)
    (self.width, self.height, self.masks) = (width, height, masks)
  }

  /// A copy that keeps only run lengths.
  public var compact: AnnotatedPicture {
    AnnotatedPicture(
      name: name, stem: stem, index: index, width: width, height: height,
      masks: masks.map(\.compact))
  }

  /// The masks that are not empty, as stored in files that list objects.
  var visibleMasks: [AnnotatedMask] { masks.filter { !$0.isEmpty } }
}
