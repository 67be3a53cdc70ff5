public import ArgumentParser
import Bytes
import JSON
import SAM2
public import SAM2Jobs

/// The options of the automatic mask generator, under their official names.
struct AutoOptions: ParsableArguments {
  @Option(parsing: .unconditional, help: "Clicks along each side of the picture (default: 32).")
  var pointsPerSide: Int?

  @Option(
    parsing: .unconditional, help: "Clicks between two reports of progress; changes no result.")
  var pointsPerBatch = 64

  @Option(parsing: .unconditional, help: "Keep masks whose predicted IoU is above; 0 keeps all.")
  var predIouThresh = 0.8

  @Option(
    parsing: .unconditional, help: "Keep masks whose stability score is at least this; 0 keeps all."
  )
  var stabilityScoreThresh = 0.95

  @Option(parsing: .unconditional, help: "How far the threshold is moved to measure stability.")
  var stabilityScoreOffset = 1.0

  @Option(parsing: .unconditional, help: "Mask logits above it are inside.")
  var maskThreshold = 0.0

  @Option(
    parsing: .unconditional, help: "Of two masks whose boxes have a higher IoU one is dropped.")
  var boxNmsThresh = 0.7

  @Option(
    parsing: .unconditional,
    help: "Layers of crops searched besides the whole picture; layer n has 4^n crops.")
  var cropNLayers = 0

  @Option(parsing: .unconditional, help: "As --box-nms-thresh, for masks of different crops.")
  var cropNmsThresh = 0.7

  @Option(
    parsing: .unconditional,
    help: "Overlap of the first layer's crops, as a share of the shorter side.")
  var cropOverlapRatio = 512.0 / 1500

  @Option(
    parsing: .unconditional,
    help: "In layer n, --points-per-side is divided by this to the power of n.")
  var cropNPointsDownscaleFactor = 1

  @Option(
    help: ArgumentHelp(
      "Explicit clicks instead of --points-per-side: for the picture and each layer of crops a "
        + "list of [x, y], each 0 to 1.", valueName: "file.json"))
  var pointGrids: String?

  @Option(
    parsing: .unconditional,
    help: "Remove holes and islands up to this area, in low-resolution pixels; 0 keeps them.")
  var minMaskRegionArea = 0

  @Flag(
    name: .customLong("use-m2m"),
    help: "Give each mask back to the model once to refine it (takes four times as long).")
  var usesMaskToMask = false

  @Flag(inversion: .prefixedNo, help: "Take three masks of each click, or one.")
  var multimaskOutput = true

  func validate() throws {
    if pointsPerSide != nil && pointGrids != nil {
      throw ValidationError("--points-per-side and --point-grids exclude each other")
    }
  }

  /// The options in the form that the library takes; reads the file of `--point-grids`.
  func resolved() throws(Failure) -> AutomaticMaskOptions {
    var options = AutomaticMaskOptions()
    options.pointsPerSide = pointsPerSide ?? options.pointsPerSide
    options.pointsPerBatch = pointsPerBatch
    options.predictedIoUThreshold = predIouThresh
    options.stabilityScoreThreshold = stabilityScoreThresh
    options.stabilityScoreOffset = stabilityScoreOffset
    options.maskThreshold = maskThreshold
    options.boxNMSThreshold = boxNmsThresh
    options.cropLayers = cropNLayers
    options.cropNMSThreshold = cropNmsThresh
    options.cropOverlapRatio = cropOverlapRatio
    options.cropPointsDownscaleFactor = cropNPointsDownscaleFactor
    options.minimumRegionArea = minMaskRegionArea
    options.refinesMasks = usesMaskToMask
    options.multimask = multimaskOutput
    if let pointGrids { options.pointGrids = try AutoOptions.readGrids(pointGrids) }
    return options
  }

  /// - Throws: `file.*`, `json.*`, `auto.point_grids`.
  private static func readGrids(
    _ path: String
  ) throws(Failure) -> [[AutomaticMaskOptions.GridPoint]] {
    do throws(Failure) {
      let json = try JSONValue(parsing: MappedFile.open(path))
      let grids = json.array?.compactMap { grid in grid.array.map { $0.compactMap(point) } }
      guard let grids, grids.count == json.array?.count,
        zip(grids, json.array ?? []).allSatisfy({ $0.count == $1.array?.count })
      else {
        throw Failure(
          .badInput, code: "auto.point_grids", "a list of lists of [x, y] pairs is expected",
          hint: "write for example [[[0.25, 0.5], [0.75, 0.5]]]")
      }
      return grids
    } catch {
      throw error.about(file: path)
    }
  }

  private static func point(_ json: JSONValue) -> AutomaticMaskOptions.GridPoint? {
    guard let pair = json.array, pair.count == 2, let x = pair[0].double, let y = pair[1].double
    else { return nil }
    return .init(x: x, y: y)
  }
}

extension AutoOutputMode: ExpressibleByArgument {}
