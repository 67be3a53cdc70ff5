import Bytes

/// Options of an `AutomaticMaskGenerator`, with the reference's defaults.
public struct AutomaticMaskOptions: Sendable, Hashable {
  /// A click position as fractions of the picture's width and height, 0...1.
  public struct GridPoint: Sendable, Hashable {
    public var x: Double
    public var y: Double

    public init(x: Double, y: Double) {
      self.x = x
      self.y = y
    }
  }

  /// Clicks along each side of the picture.
  public var pointsPerSide = 32
  /// Clicks between two progress reports; bounds memory without affecting results.
  public var pointsPerBatch = 64
  /// Masks with a predicted IoU above this are kept; 0 keeps all.
  public var predictedIoUThreshold = 0.8
  /// Masks with a stability score of at least this are kept; 0 keeps all.
  ///
  /// The score is the area above `maskThreshold + stabilityScoreOffset` over the area above
  /// `maskThreshold - stabilityScoreOffset`.
  public var stabilityScoreThreshold = 0.95
  public var stabilityScoreOffset = 1.0
  /// Logits above this are inside a mask.
  public var maskThreshold = 0.0
  /// If the boxes of two masks from one crop have a higher IoU than this, only the better mask is
  /// kept.
  public var boxNMSThreshold = 0.7
  /// Crop layers searched in addition to the whole picture; layer n has 2^n crops per side.
  public var cropLayers = 0
  /// If the boxes of two masks from different crops have a higher IoU than this, only the mask from
  /// the smaller crop is kept.
  public var cropNMSThreshold = 0.7
  /// Overlap of neighbouring crops in the first layer, as a fraction of the picture's shorter side.
  public var cropOverlapRatio = 512.0 / 1500
  /// Divisor per crop layer: layer n has `pointsPerSide` / this^n clicks along each side.
  public var cropPointsDownscaleFactor = 1
  /// Explicit click positions to use instead of `pointsPerSide`: one list for the picture and one
  /// for each crop layer.
  public var pointGrids: [[GridPoint]]?
  /// Holes and islands of at most this area, in low-resolution pixels, are removed from a mask
  /// before it is enlarged; 0 keeps them.
  ///
  /// This is what the reference's `min_mask_region_area` does with CUDA (without CUDA it does
  /// nothing). `AutomaticMaskGenerator.removingSmallRegions` works at full size.
  public var minimumRegionArea = 0
  /// Feeds each mask back to the model once, as a mask prompt along with its click: `use_m2m`.
  public var refinesMasks = false
  /// Whether a click gives three candidates instead of one mask: `multimask_output`.
  public var multimask = true

  public init() {}

  /// 4^6 crops mean 4096 runs of the image encoder.
  static let maximumCropLayers = 6

  /// - Throws: `auto.option` for a value out of range, `auto.point_grids`.
  func validate() throws(Failure) {
    func check(_ isFine: Bool, _ name: String, _ range: String) throws(Failure) {
      guard isFine else {
        throw Failure(.usage, code: "auto.option", "\(name) must be \(range)")
      }
    }
    try check((1...1024).contains(pointsPerSide), "points per side", "1 to 1024")
    try check(pointsPerBatch >= 1, "points per batch", "at least 1")
    let thresholds = [
      ("the predicted IoU threshold", predictedIoUThreshold),
      ("the stability score threshold", stabilityScoreThreshold),
      ("the box NMS threshold", boxNMSThreshold), ("the crop NMS threshold", cropNMSThreshold),
      ("the crop overlap ratio", cropOverlapRatio),
    ]
    for (name, value) in thresholds { try check((0...1).contains(value), name, "0 to 1") }
    try check(
      stabilityScoreOffset.isFinite && stabilityScoreOffset >= 0, "the stability score offset",
      "0 or more")
    try check(maskThreshold.isFinite, "the mask threshold", "a finite number")
    try check(
      (0...Self.maximumCropLayers).contains(cropLayers), "crop layers",
      "0 to \(Self.maximumCropLayers)")
    try check(
      (1...1024).contains(cropPointsDownscaleFactor), "the crop points downscale factor",
      "1 to 1024")
    try check(minimumRegionArea >= 0, "the minimum region area", "0 or more")
    try checkGrids()
  }

  private func checkGrids() throws(Failure) {
    guard let pointGrids else {
      guard PointGrid.side(ofLayer: cropLayers, self) >= 1 else {
        throw Failure(
          .usage, code: "auto.option", "no points are left in crop layer \(cropLayers)",
          hint: "ask for more points per side, fewer layers or a smaller downscale factor")
      }
      return
    }
    guard pointGrids.count > cropLayers else {
      throw Failure(
        .usage, code: "auto.point_grids",
        "\(pointGrids.count) point grids do not serve the picture and \(cropLayers) crop layers",
        hint: "give one grid for the picture and one for each layer")
    }
    for (layer, grid) in pointGrids.enumerated() {
      guard !grid.isEmpty, grid.allSatisfy({ (0...1).contains($0.x) && (0...1).contains($0.y) })
      else {
        throw Failure(
          .usage, code: "auto.point_grids", "a point grid holds shares of 0 to 1, and at least one",
          place: "grid \(layer)")
      }
    }
  }
}
