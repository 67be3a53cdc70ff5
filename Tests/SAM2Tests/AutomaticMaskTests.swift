import Bytes
import JSON
import Media
import TestSupport
import Testing

@testable import SAM2

/// The automatic generator against recorded results of the official one with trained weights.
@Suite struct AutomaticMaskTests {
  static let minimumIoU = 0.99
  static let scoreTolerance: Float = 1e-3
  /// Stability counts pixels: a few may be on the other side of a threshold.
  static let stabilityTolerance: Float = 5e-3

  // Kernels without optimisation are fifty times slower: debug builds play the smallest case.
  #if DEBUG
  static let cases = ["grid"]
  #else
  static let cases = [
    "default", "lenient", "crops", "refined", "single", "cleaned", "shifted", "grid",
  ]
  #endif

  @Test(arguments: cases)
  func findsWhatTheOfficialCodeFinds(name: String) throws {
    let recorded = try Self.reference().required("cases").required(name)
    let options = try AutomaticMaskOptions(official: recorded.required("options"))
    let found = try Self.generate(options)
    let expected = try recorded.requiredArray("masks").map(OfficialMask.init)
    try #require(found.count == expected.count)
    for (index, (mask, official)) in zip(found, expected).enumerated() {
      let overlap = mask.runs.mask.intersectionOverUnion(official.runs.mask)
      #expect(overlap >= Self.minimumIoU, "\(name), mask \(index)")
      #expect(mask.point == official.point)
      #expect(mask.crop == official.crop)
      #expect(abs(mask.predictedIoU - official.predictedIoU) <= Self.scoreTolerance)
      #expect(abs(mask.stabilityScore - official.stability) <= Self.stabilityTolerance)
      #expect(mask.box.isWithinAPixel(of: official.box))
      #expect(mask.area == mask.runs.mask.area)
    }
  }

  #if !DEBUG
  @Test func removesSmallRegionsAtFullSize() throws {
    let recorded = try Self.reference().required("without_small_regions")
    let lenient = try Self.reference().required("cases").required("lenient").required("options")
    let found = AutomaticMaskGenerator.removingSmallRegions(
      try Self.generate(AutomaticMaskOptions(official: lenient)),
      minimumArea: try recorded.requiredInt("minimum_area"))
    let expected = try recorded.requiredArray("masks")
    try #require(found.count == expected.count)
    for (mask, official) in zip(found, expected) {
      let runs = try RunLengthMask(official: official.required("segmentation"))
      #expect(mask.runs.mask.intersectionOverUnion(runs.mask) >= Self.minimumIoU)
      #expect(mask.box.isWithinAPixel(of: try PixelBox(official: official.required("bbox"))))
    }
  }
  #endif

  @Test func cancellingEndsTheSearch() async throws {
    let task = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return try Self.generate(AutomaticMaskOptions())
    }
    await #expect(throws: CancellationError.self) { try await task.value }
  }

  static func reference() throws -> JSONValue {
    try JSONValue(parsing: fileBytes(Nano.path("automatic.json")) ?? [])
  }

  private static func generate(_ options: AutomaticMaskOptions) throws -> [AutomaticMask] {
    let generator = try AutomaticMaskGenerator(Nano.model.get(), options: options)
    return try generator.generate(ImageReader.read(Nano.path("still.png")))
  }
}

/// A mask as the official generator describes it.
private struct OfficialMask {
  let runs: RunLengthMask
  let box: PixelBox
  let predictedIoU: Float
  let stability: Float
  let point: Prompt.Point
  let crop: CropBox

  init(_ json: JSONValue) throws {
    runs = try RunLengthMask(official: json.required("segmentation"))
    box = try PixelBox(official: json.required("bbox"))
    predictedIoU = Float(try json.requiredDouble("predicted_iou"))
    stability = Float(try json.requiredDouble("stability_score"))
    let click = try #require(try json.requiredArray("point_coords")[0].array?.compactMap(\.double))
    point = Prompt.Point(x: Float(click[0]), y: Float(click[1]))
    let crop = try json.requiredArray("crop_box").compactMap(\.double).map { Int($0) }
    self.crop = CropBox(left: crop[0], top: crop[1], width: crop[2], height: crop[3])
  }
}

extension RunLengthMask {
  fileprivate init(official json: JSONValue) throws {
    let size = try json.requiredInts("size")
    try self.init(width: size[1], height: size[0], cocoCounts: json.requiredString("counts"))
  }
}

extension PixelBox {
  fileprivate init(official json: JSONValue) throws {
    let numbers = try #require(json.array).compactMap(\.double).map { Int($0) }
    self.init(
      left: numbers[0], top: numbers[1], right: numbers[0] + numbers[2],
      bottom: numbers[1] + numbers[3])
  }

  fileprivate func isWithinAPixel(of other: PixelBox) -> Bool {
    let differences = [
      left - other.left, top - other.top, right - other.right, bottom - other.bottom,
    ]
    return differences.allSatisfy { abs($0) <= 1 }
  }
}

extension AutomaticMaskOptions {
  /// Options by their official names.
  fileprivate init(official json: JSONValue) throws {
    self.init()
    for (name, value) in try #require(json.object) {
      switch name {
      case "points_per_side": pointsPerSide = value.int ?? pointsPerSide
      case "points_per_batch": pointsPerBatch = try #require(value.int)
      case "pred_iou_thresh": predictedIoUThreshold = try #require(value.double)
      case "stability_score_thresh": stabilityScoreThreshold = try #require(value.double)
      case "stability_score_offset": stabilityScoreOffset = try #require(value.double)
      case "mask_threshold": maskThreshold = try #require(value.double)
      case "box_nms_thresh": boxNMSThreshold = try #require(value.double)
      case "crop_n_layers": cropLayers = try #require(value.int)
      case "crop_n_points_downscale_factor": cropPointsDownscaleFactor = try #require(value.int)
      case "min_mask_region_area": minimumRegionArea = try #require(value.int)
      case "use_m2m": refinesMasks = value == .bool(true)
      case "multimask_output": multimask = value == .bool(true)
      case "point_grids":
        pointGrids = try #require(value.array).map { grid in
          try #require(grid.array).compactMap { point in
            guard let x = point[0]?.double, let y = point[1]?.double else { return nil }
            return GridPoint(x: x, y: y)
          }
        }
      default: Issue.record("unknown option \(name)")
      }
    }
  }
}
