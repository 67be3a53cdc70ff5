// The names are those in the header.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import Bytes
public import CSAM2
import SAM2

@c @implementation
public func sam2_automatic_options_init(
  _ options: UnsafeMutablePointer<sam2_automatic_options>?, _ size: Int
) {
  initialise(options, size: size, defaults: .standard)
}

@c @implementation
public func sam2_automatic_generate(
  _ model: OpaquePointer?, _ image: UnsafePointer<sam2_image>?,
  _ options: UnsafePointer<sam2_automatic_options>?, _ progress: sam2_progress?,
  _ context: UnsafeMutableRawPointer?, _ result: UnsafeMutablePointer<OpaquePointer?>?,
  _ error: UnsafeMutablePointer<sam2_error>?
) -> sam2_status {
  call(returning: result, error) {
    let model = try Handles.models.object(model).model
    try model.require(.prompting)
    let options = try AutomaticMaskOptions(members(of: options, defaults: .standard))
    let generator = try AutomaticMaskGenerator(model, options: options)
    let picture = try Arguments.picture(image)
    let masks = try generator.generate(picture) { state in
      guard let progress else { return }
      guard progress(context, UInt64(state.done), UInt64(state.total)) == 0 else {
        throw CancellationError()
      }
    }
    return Handles.results.insert(
      ResultObject(AutomaticMasks(masks, width: picture.width, height: picture.height)))
  }
}

extension sam2_automatic_options {
  fileprivate static var standard: sam2_automatic_options {
    let values = AutomaticMaskOptions()
    var options = sam2_automatic_options()
    options.points_per_side = Int32(values.pointsPerSide)
    options.points_per_batch = Int32(values.pointsPerBatch)
    options.predicted_iou_threshold = values.predictedIoUThreshold
    options.stability_score_threshold = values.stabilityScoreThreshold
    options.stability_score_offset = values.stabilityScoreOffset
    options.mask_threshold = values.maskThreshold
    options.box_nms_threshold = values.boxNMSThreshold
    options.crop_layers = Int32(values.cropLayers)
    options.crop_points_downscale_factor = Int32(values.cropPointsDownscaleFactor)
    options.crop_nms_threshold = values.cropNMSThreshold
    options.crop_overlap_ratio = values.cropOverlapRatio
    options.minimum_region_area = Int32(values.minimumRegionArea)
    options.refines_masks = values.refinesMasks ? 1 : 0
    options.multimask = values.multimask ? 1 : 0
    return options
  }
}

extension AutomaticMaskOptions {
  /// The generator checks the ranges of the numbers.
  fileprivate init(_ options: sam2_automatic_options) throws(Failure) {
    self.init()
    pointsPerSide = Int(options.points_per_side)
    pointsPerBatch = Int(options.points_per_batch)
    predictedIoUThreshold = options.predicted_iou_threshold
    stabilityScoreThreshold = options.stability_score_threshold
    stabilityScoreOffset = options.stability_score_offset
    maskThreshold = options.mask_threshold
    boxNMSThreshold = options.box_nms_threshold
    cropLayers = Int(options.crop_layers)
    cropPointsDownscaleFactor = Int(options.crop_points_downscale_factor)
    cropNMSThreshold = options.crop_nms_threshold
    cropOverlapRatio = options.crop_overlap_ratio
    minimumRegionArea = Int(options.minimum_region_area)
    refinesMasks = try Arguments.flag(options.refines_masks, "refines_masks")
    multimask = try Arguments.flag(options.multimask, "multimask")
    pointGrids = try AutomaticMaskOptions.grids(options)
  }

  /// More layers and points than anyone gives; greater numbers are uninitialised.
  private static let maximumGrids = 64
  private static let maximumGridPoints = 1 << 22

  private static func grids(_ options: sam2_automatic_options) throws(Failure) -> [[GridPoint]]? {
    guard options.grid_count != 0 else { return nil }
    guard (1...maximumGrids).contains(options.grid_count) else {
      throw .argument("grid_count is \(options.grid_count), more than \(maximumGrids)")
    }
    guard let sizes = options.grid_sizes else { throw .null("grid_sizes") }
    guard var next = options.grid_points else { throw .null("grid_points") }
    var grids: [[GridPoint]] = []
    for size in UnsafeBufferPointer(start: sizes, count: options.grid_count) {
      guard (0...maximumGridPoints).contains(size) else {
        throw .argument("a point grid has \(size) points, more than \(maximumGridPoints)")
      }
      grids.append(UnsafeBufferPointer(start: next, count: size).map { .init(x: $0.x, y: $0.y) })
      next += size
    }
    return grids
  }
}
