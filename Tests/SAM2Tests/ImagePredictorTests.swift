import Bytes
import Media
import SAM2Config
import Tensors
import Testing

@testable import SAM2

@Suite struct ImagePredictorTests {
  private func predictor(_ graphs: FakeGraphs) throws -> ImagePredictor {
    let predictor = ImagePredictor(
      try SegmentationModel(graphs, configuration: graphs.configuration))
    try predictor.setImage(RGBImage(width: 40, height: 20))
    return predictor
  }

  private let click = Prompt.Point(x: 10, y: 5)

  @Test func encodesThePictureOnceAndBatchesPromptsOfOneLength() throws {
    let graphs = FakeGraphs()
    let predictor = try predictor(graphs)
    let mask = Tensor([Float](repeating: 0, count: 64), shape: [8, 8])
    let predictions = try predictor.predict([
      Prompt(points: [click]), Prompt(points: [click, click]), Prompt(points: [click]),
      Prompt(maskLogits: mask), Prompt(box: .init(x0: 1, y0: 1, x1: 9, y1: 9)),
      Prompt(points: [click], maskLogits: mask),
    ])
    #expect(predictions.count == 6)
    #expect(graphs.calls("encode_image").count == 1)
    // The model's own call for frames without clicks; one click twice, two points twice (a box is
    // two), a mask alone, a click with a mask; each with one point of padding, except for the mask
    // alone, which has no points at all.
    let shapes = graphs.calls("encode_prompts").compactMap { $0.inputs["points"]?.shape.dimensions }
    #expect(shapes == [[1, 2, 2], [2, 2, 2], [2, 3, 2], [1, 2, 2]])
    #expect(graphs.calls("decode_masks").count == 4)
    #expect(graphs.calls("decode_masks").filter { $0.inputs["sparse"]?.shape[1] == 0 }.count == 1)
  }

  @Test func showsCandidatesOrTheSingleMask() throws {
    let predictor = try predictor(FakeGraphs())
    let three = try predictor.predict(Prompt(points: [click]))
    #expect(three.lowResolutionLogits.shape == [3, 8, 8])
    #expect(three.predictedIoUs == [0.1, 0.9, 0.2])
    #expect(three.best == 1)
    #expect(three.mask(three.best).area == 800)
    #expect(three.maskPrompt(0).floats() == [Float](repeating: 32, count: 64))
    let one = try predictor.predict(Prompt(points: [click]), multimask: false)
    #expect(one.lowResolutionLogits.shape == [1, 8, 8])
    #expect(one.lowResolutionLogits.floats()[0] == 50)
    #expect(one.predictedIoUs == [0.5])
  }

  /// The choice is that of the masks before the refinement; what is shown is refined.
  @Test(arguments: [(MaskRefinement.added, Float(-50)), (.alone, -100)])
  func refinesTheMaskThatWasChosen(refinement: MaskRefinement, logit: Float) throws {
    var configuration = ModelConfiguration.small
    configuration.decoder.hasHQToken = true
    let predictor = try predictor(FakeGraphs(configuration: configuration))
    predictor.maskRefinement = refinement
    let one = try predictor.predict(Prompt(points: [click]), multimask: false)
    #expect(one.lowResolutionLogits.floats()[0] == logit)
    #expect(one.predictedIoUs == [0.5])
    let three = try predictor.predict(Prompt(points: [click]))
    #expect(three.lowResolutionLogits.floats()[64] == (refinement == .alone ? -100 : -48))
    #expect(three.predictedIoUs == [0.1, 0.9, 0.2])
  }

  @Test func refusesTheHQTokenOfOtherModels() throws {
    let predictor = try predictor(FakeGraphs())
    predictor.maskRefinement = .alone
    #expect(throws: Failure(.badInput, code: "model.hq_token", "")) {
      try predictor.predict(Prompt(points: [click]))
    }
  }

  @Test func refusesPromptsWithoutPictureAndNamesTheWrongPrompt() throws {
    let graphs = FakeGraphs()
    let empty = ImagePredictor(try SegmentationModel(graphs, configuration: graphs.configuration))
    #expect(throws: Failure(.usage, code: "image.not_set", "")) {
      try empty.predict(Prompt(points: [click]))
    }
    let used = try predictor(graphs)
    #expect(used.imageEmbedding?.shape == [1, 2, 2, 64])
    used.reset()
    #expect(used.imageEmbedding?.shape == nil)
    #expect(throws: Failure(.usage, code: "image.not_set", "")) {
      try used.predict(Prompt(points: [click]))
    }
    let predictor = try predictor(graphs)
    do {
      _ = try predictor.predict([
        Prompt(points: [click]), Prompt(points: [.init(x: 9, y: 1, label: 9)]),
      ])
      Issue.record("a label that there is not was accepted")
    } catch {
      #expect(error.code == "prompt.label")
      #expect(error.place == "prompt 1, point 0")
    }
  }
}
