import ArgumentParser
import Bytes
import Calibration
import Quantizer
import Runtime

/// The options of quantisation: the recipe, and the calibration inputs.
struct QuantizeOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Pictures or videos to calibrate with: a file, a folder of pictures, or a folder of frames "
        + "with numbers for names. Repeatable.", valueName: "path"))
  var calibrate: [String] = []

  @Option(
    name: .customLong("keep-fp32"),
    help: "Weights or attention layers to keep in float: names, patterns with * and ?. Repeatable.")
  var keepFloat: [String] = []

  @Option(
    name: .customLong("min-iou"),
    help: """
      Minimum mean mask IoU with the floating-point model on held-out calibration inputs: layers \
      return to floating point, worst first, until it is met, or nothing is written.
      """)
  var minimumIoU: Double?

  @Flag(
    inversion: .prefixedNo,
    help: "Measure what each group of layers costs (with --calibrate; on with --report).")
  var sensitivity: Bool?

  @Option(
    name: .customLong("calibrate-frames"), help: "Frames of each clip that calibration tracks.")
  var frames = 16

  @Option(
    name: .customLong("max-bad"), help: "Calibration inputs that may be undecodable before exit 1.")
  var maximumBad = 0

  @Option(
    help: """
      A step to leave out, for comparisons: \
      \(Recipe.Step.allCases.map(\.rawValue).joined(separator: ", ")). Repeatable.
      """)
  var without: [String] = []

  /// Whether figures were requested that need pictures to measure.
  var needsPictures: Bool { calibrate.isEmpty && (minimumIoU != nil || sensitivity == true) }

  func validate() throws {
    if let minimumIoU {
      guard (0...1).contains(minimumIoU) else {
        throw ValidationError("--min-iou must be between 0 and 1, not \(minimumIoU)")
      }
    }
    guard (2...10_000).contains(frames) else {
      throw ValidationError("--calibrate-frames must be between 2 and 10000")
    }
    for name in without where Recipe.Step(rawValue: name) == nil {
      throw ValidationError(
        "--without \(name) is not one of "
          + Recipe.Step.allCases.map(\.rawValue).joined(separator: ", "))
    }
  }

  /// Whether any option affects the rounding.
  var isGiven: Bool { !calibrate.isEmpty || !keepFloat.isEmpty || !without.isEmpty }

  var recipe: Recipe {
    var recipe = Recipe()
    recipe.keepFloat = keepFloat
    for name in without { Recipe.Step(rawValue: name).map { _ = recipe.steps.remove($0) } }
    return recipe
  }

  /// Nil without calibration.
  func inputs() throws(Failure) -> CalibrationInputs? {
    calibrate.isEmpty ? nil : try CalibrationInputs(paths: calibrate)
  }

  /// `measuresAll` requests the sensitivity of layers unless an option decides otherwise.
  func calibration(threads: Int?, measuresAll: Bool) -> Calibrator.Options {
    var options = Calibrator.Options()
    options.runtime = RuntimeOptions(threads: threads)
    options.minimumIoU = minimumIoU
    options.measuresSensitivity = sensitivity ?? measuresAll
    options.frameLimit = frames
    return options
  }
}
