public import Bytes
public import JSON
public import SAM2

extension AutomaticMaskOptions {
  /// Reads options that use the official generator's names.
  /// - Throws: `auto.option`.
  public init(json: JSONValue) throws(Failure) {
    self.init()
    guard let members = json.object else {
      throw Failure(.badInput, code: "auto.option", "\"auto\" must be an object, as {}")
    }
    for (key, value) in members {
      guard set(key, value) else {
        throw Failure(
          .badInput, code: "auto.option",
          "\"auto\" takes no \"\(printable(key))\" that is \(value.shown)",
          hint: "names are those of sam2 auto, with underscores")
      }
    }
  }

  /// Sets one option; returns false if it is unknown or its value has the wrong type.
  private mutating func set(_ key: String, _ value: JSONValue) -> Bool {
    func put<T>(_ value: T?, _ path: WritableKeyPath<Self, T>) -> Bool {
      guard let value else { return false }
      self[keyPath: path] = value
      return true
    }
    return switch key {
    case "points_per_side": put(value.wholeNumber, \.pointsPerSide)
    case "points_per_batch": put(value.wholeNumber, \.pointsPerBatch)
    case "pred_iou_thresh": put(value.double, \.predictedIoUThreshold)
    case "stability_score_thresh": put(value.double, \.stabilityScoreThreshold)
    case "stability_score_offset": put(value.double, \.stabilityScoreOffset)
    case "mask_threshold": put(value.double, \.maskThreshold)
    case "box_nms_thresh": put(value.double, \.boxNMSThreshold)
    case "crop_n_layers": put(value.wholeNumber, \.cropLayers)
    case "crop_nms_thresh": put(value.double, \.cropNMSThreshold)
    case "crop_overlap_ratio": put(value.double, \.cropOverlapRatio)
    case "crop_n_points_downscale_factor": put(value.wholeNumber, \.cropPointsDownscaleFactor)
    case "min_mask_region_area": put(value.wholeNumber, \.minimumRegionArea)
    case "use_m2m": put(value.bool, \.refinesMasks)
    case "multimask_output": put(value.bool, \.multimask)
    default: false
    }
  }
}
