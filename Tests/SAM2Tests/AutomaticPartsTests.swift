import Bytes
import JSON
import Media
import Tensors
import TestSupport
import Testing

@testable import SAM2

/// The parts of the automatic generator that work without a model.
@Suite struct AutomaticPartsTests {
  @Test func suppressesTheBoxesThatTorchvisionSuppresses() throws {
    let recorded = try AutomaticMaskTests.reference().required("suppression")
    let boxes = try recorded.requiredArray("boxes").compactMap(\.array).map { sides in
      let sides = sides.compactMap(\.int)
      return PixelBox(left: sides[0], top: sides[1], right: sides[2], bottom: sides[3])
    }
    let scores = try recorded.requiredArray("scores").compactMap(\.double).map { Float($0) }
    let kept = BoxSuppression.kept(boxes, scores: scores, threshold: 0.4)
    #expect(kept == (try recorded.requiredInts("kept")))
  }

  @Test func cutsPicturesAsTheOfficialCode() throws {
    for recorded in try AutomaticMaskTests.reference().requiredArray("crops") {
      let size = try recorded.requiredInts("size")
      let crops = try CropBox.all(
        width: size[1], height: size[0], layers: recorded.requiredInt("layers"),
        overlapRatio: recorded.requiredDouble("overlap"))
      let boxes = try recorded.requiredArray("boxes").compactMap { $0.array?.compactMap(\.int) }
      #expect(crops.map { [$0.box.left, $0.box.top, $0.box.right, $0.box.bottom] } == boxes)
      #expect(crops.map(\.layer) == (try recorded.requiredInts("layer")))
    }
  }

  @Test func refusesToCutTinyPictures() {
    #expect(throws: failure("auto.crops")) {
      try CropBox.all(width: 3, height: 100, layers: 2, overlapRatio: 0)
    }
  }

  @Test func clicksInTheMiddleOfCells() {
    #expect(PointGrid.regular(1) == [.init(x: 0.5, y: 0.5)])
    #expect(
      PointGrid.regular(2) == [
        .init(x: 0.25, y: 0.25), .init(x: 0.75, y: 0.25), .init(x: 0.25, y: 0.75),
        .init(x: 0.75, y: 0.75),
      ])
  }

  @Test func settlesHolesAndIslandsOfTheIncomingLogits() {
    // A hole of one pixel, an island of two; with a limit of one only the hole is removed.
    let logits: [Float] = [
      1, 1, 1, -2, -2,
      1, 0, 1, -2, 3,
      1, 1, 1, -2, 3,
    ]
    func clean(holes: Int, islands: Int, threshold: Float = 0) -> [Float] {
      RegionCleaning.clean(
        logits, width: 5, height: 3, maximumHoleArea: holes, maximumIslandArea: islands,
        threshold: threshold)
    }
    let one = clean(holes: 1, islands: 1)
    #expect(zip(one, logits).enumerated().filter { $1.0 != $1.1 }.map(\.offset) == [6])
    #expect(one[6] == 10)
    let two = clean(holes: 2, islands: 2)
    #expect(two[6] == 10 && two[9] == -10 && two[14] == -10)
    #expect(clean(holes: 0, islands: 0) == logits)
    let islands = clean(holes: 0, islands: 2)
    #expect(islands[6] == 0 && islands[9] == -10)
    // Above 2 there is only the island, whose surroundings are not a hole of two pixels.
    let higher = clean(holes: 2, islands: 2, threshold: 2)
    #expect(higher[6] == 0 && higher[9] == -8 && higher[14] == -8)

    let prediction = MaskPrediction(
      lowResolutionLogits: Tensor(logits + logits, shape: [2, 3, 5]), predictedIoUs: [1, 0],
      objectScore: 1, width: 5, height: 3
    ).cleaned(maximumHoleArea: 1, maximumIslandArea: 2)
    #expect(prediction.lowResolutionLogits.floats() == two + two)
  }

  @Test func masksAtTheEdgeOfACropAreDropped() throws {
    var options = AutomaticMaskOptions()
    options.stabilityScoreThreshold = 0
    let logits = Tensor(
      (0..<100).map { $0 % 10 < 6 ? Float(5) : -5 }, shape: [10, 10])
    let candidate = MaskCandidate(point: .init(x: 1, y: 2), logits: logits, predictedIoU: 0.9)
    // Left of a picture's middle: the mask touches the crop's left, top and bottom edges.
    let inner = CropBox(left: 100, top: 0, width: 100, height: 100)
    var filter = MaskFilter(options, crop: inner, pictureWidth: 200, pictureHeight: 100)
    let dropped = filter.pass(candidate)
    #expect(dropped == nil)
    let outer = CropBox(left: 0, top: 0, width: 100, height: 100)
    filter = MaskFilter(options, crop: outer, pictureWidth: 200, pictureHeight: 100)
    let passed = filter.pass(candidate)
    let mask = try #require(passed)
    #expect(mask.box == PixelBox(left: 0, top: 0, right: 59, bottom: 99))
    #expect(mask.area == 6000 && mask.point == .init(x: 1, y: 2))
  }

  @Test func optionsOutOfRangeAreRefused() {
    func check(_ code: String, _ change: (inout AutomaticMaskOptions) -> Void) {
      var options = AutomaticMaskOptions()
      change(&options)
      #expect(throws: failure(code)) { try options.validate() }
    }
    check("auto.option") { $0.pointsPerSide = 0 }
    check("auto.option") { $0.pointsPerBatch = 0 }
    check("auto.option") { $0.predictedIoUThreshold = .nan }
    check("auto.option") { $0.cropOverlapRatio = 1.5 }
    check("auto.option") { $0.cropLayers = 7 }
    check("auto.option") { $0.maskThreshold = .infinity }
    check("auto.option") {
      $0.pointsPerSide = 4
      $0.cropLayers = 1
      $0.cropPointsDownscaleFactor = 8
    }
    check("auto.point_grids") { $0.pointGrids = [[]] }
    check("auto.point_grids") { $0.pointGrids = [[.init(x: 1.5, y: 0)]] }
    check("auto.point_grids") {
      $0.pointGrids = [[.init(x: 0.5, y: 0)]]
      $0.cropLayers = 1
    }
  }
}
