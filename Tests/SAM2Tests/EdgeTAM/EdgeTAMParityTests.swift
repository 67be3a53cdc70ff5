import Bytes
import Graph
import JSON
import Media
import Passes
import Tensors
import TestSupport
import Testing

@testable import SAM2

/// EdgeTAM against recorded answers of its official network, as it is imported and after all passes.
@Suite struct EdgeTAMParityTests {
  /// Relative L2 of mask logits of a single picture.
  static let pictureTolerance = 1e-4
  /// The same for a tracked frame, whose memory carries the differences of all frames before.
  static let videoTolerance = 1e-3
  /// Absolute, of predicted IoUs and object scores.
  static let scoreTolerance: Float = 1e-3

  enum Form: CaseIterable {
    case imported, optimised
  }

  private static func model(_ form: Form) throws -> SegmentationModel {
    let model = try EdgeTAMFixture.model.get()
    return try SegmentationModel(form == .imported ? model : Pipeline.run(on: model).model)
  }

  @Test(arguments: Form.allCases)
  func segmentsAsTheOfficialCode(form: Form) throws {
    let answers = try EdgeTAMFixture.reference().requiredArray("segment")
    let logits = try Nano.array("../edgetam/segment.npy")
    let predictor = ImagePredictor(try Self.model(form))
    try predictor.setImage(ImageReader.read(EdgeTAMFixture.path("clip/000.png")))
    let prompts = try answers.map { answer in
      let object = try ScriptObject(answer, place: "reference")
      return Prompt(points: try object.points(), box: try object.box())
    }
    let predictions = try predictor.predict(prompts, multimask: true)
    #expect(predictions.count == logits.shape[0])
    for (index, prediction) in predictions.enumerated() {
      let closeness = Closeness(
        prediction.lowResolutionLogits.floats(), to: logits[index].floats())
      #expect(closeness.relativeL2 <= Self.pictureTolerance, "prompt \(index): \(closeness)")
      let guessed = try answers[index].requiredArray("predicted_iou").map { Float($0.double ?? -1) }
      let score = Float(try answers[index].requiredDouble("object_score"))
      let scores = zip(prediction.predictedIoUs + [prediction.objectScore], guessed + [score])
      #expect(scores.allSatisfy { abs($0 - $1) <= Self.scoreTolerance })
    }
  }

  @Test(arguments: Form.allCases)
  func tracksAsTheOfficialCode(form: Form) throws {
    let reference = try EdgeTAMFixture.reference().required("track")
    let held = try reference.requiredArray("held")
    let logits = try Nano.array("../edgetam/track.npy")
    let found = try play(reference, Self.model(form))
    #expect(held.count == logits.shape[0])
    for (index, entry) in held.enumerated() {
      let place = Place(
        frame: try entry.requiredInt("frame"), object: try entry.requiredInt("object"))
      let object = try #require(found[place], "no result on frame \(place.frame)")
      let closeness = Closeness(
        object.lowResolutionLogits.floats(), to: logits[index].floats())
      #expect(closeness.relativeL2 <= Self.videoTolerance, "\(place): \(closeness)")
      let score = Float(try entry.requiredDouble("object_score"))
      #expect(abs((object.objectScore ?? .nan) - score) <= Self.scoreTolerance)
    }
  }

  private struct Place: Hashable {
    var frame: Int
    var object: Int
  }

  /// The last result of each object on each frame of the session.
  private func play(
    _ session: JSONValue, _ model: SegmentationModel
  ) throws -> [Place: FrameResult.Object] {
    var options = VideoOptions()
    // The official code is set to fill no holes.
    options.fillHoleArea = 0
    let video = try VideoPredictor(
      model, frames: FrameSource(path: EdgeTAMFixture.path("clip")), options: options)
    let script = try InteractionScript(
      json: .object([(key: "actions", value: try session.required("actions"))]))
    var found: [Place: FrameResult.Object] = [:]
    try script.run(on: video, loadMask: loadMask) { event in
      let result =
        switch event {
        case .edited(let result, action: _): result
        case .tracked(let result, _, action: _): result
        }
      for object in result.objects where object.objectScore != nil {
        found[Place(frame: result.frame, object: object.id)] = object
      }
    }
    return found
  }

  private func loadMask(_ name: String) throws -> BinaryMask {
    let picture = try ImageReader.read(EdgeTAMFixture.path(name))
    return BinaryMask(
      width: picture.width, height: picture.height,
      bits: stride(from: 0, to: picture.pixels.count, by: 3).map { picture.pixels[$0] > 127 })
  }

  /// The passes leave neither norms nor branches in the trunk.
  @Test func normsAreFolded() throws {
    let model = try EdgeTAMFixture.model.get()
    let before = try #require(model.graph("encode_image"))
    let after = try #require(Pipeline.run(on: model).model.graph("encode_image"))
    func count(_ graph: Graph, _ name: String) -> Int { graph.nodes.count { $0.op.name == name } }
    #expect(count(before, "batch_norm") > 40)
    #expect(count(after, "batch_norm") == 0)
    // A depthwise convolution for each of the 6 blocks and of the 3 downsamplings, which have two.
    let depthwise = after.nodes.count {
      if case .conv2d(let p) = $0.op { p.groups > 1 } else { false }
    }
    #expect(depthwise == 12)
  }
}
