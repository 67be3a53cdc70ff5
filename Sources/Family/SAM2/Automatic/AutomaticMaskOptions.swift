import Bytes

/// Choices of an `AutomaticMaskGenerator`, with the defaults of the reference.
public struct AutomaticMaskOptions: Sendable, Hashable {
  /// A click position as shares of the picture's width and height, 0...1.
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
  /// Clicks between two reports of progress; bounds memory, and changes no result.
  public var pointsPerBatch = 64
  /// Masks are kept whose predicted IoU is above; 0 keeps all.
  public var predictedIoUThreshold = 0.8
  /// Masks are kept whose stability score is at least this; 0 keeps all.
  ///
  /// The score is the area above `maskThreshold + stabilityScoreOffset` over the area above
  /// `maskThreshold - stabilityScoreOffset`.
  public var stabilityScoreThreshold = 0.95
  public var stabilityScoreOffset = 1.0
  /// Logits above it are inside a mask.
  public var maskThreshold = 0.0
  /// Of two masks of one crop whose boxes have a higher IoU, the better one is kept.
  public var boxNMSThreshold = 0.7
  /// Layers of crops that are searched besides the whole picture; layer n has 2^n crops a side.
  public var cropLayers = 0
  /// Of two masks of different crops whose boxes have a higher IoU, that of the smaller crop is
  /// kept.
  public var cropNMSThreshold = 0.7
  /// Overlap of neighbouring crops of the first layer as a share of the picture's shorter side.
  public var cropOverlapRatio = 512.0 / 1500
  /// In crop layer n there are `pointsPerSide` over this to the power of n clicks along each side.
  public var cropPointsDownscaleFactor = 1
  /// Explicit click positions, one list for the picture and one for each crop layer, instead of
  /// `pointsPerSide`.
  public var pointGrids: [[GridPoint]]?
  /// Holes and islands of a mask up to this area, in low-resolution pixels, are removed before the
  /// mask is enlarged; 0 keeps them.
  ///
  /// That is what `min_mask_region_area` does in the reference, with CUDA (it does nothing without).
  /// `AutomaticMaskGenerator.removingSmallRegions` works at full size.
  public var minimumRegionArea = 0
  /// Gives each mask back to the model once, with its click, as a mask prompt: `use_m2m`.
  public var refinesMasks = false
  /// Three candidates a click instead of one mask: `multimask_output`.
  public var multimask = true

  public init() {}

  /// 4^6 crops are 4096 runs of the image encoder.
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
