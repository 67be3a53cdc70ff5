import Bytes
import Checkpoints
import Graph
import Media
import Passes
import SAM2Import
import Tensors
import TestSupport
import Testing

@testable import SAM2

/// The trained model with rewritten graphs against the same model as it was imported.
@Suite struct OptimisedNanoTests {
  /// Relative L2 of mask logits of a picture: what algebraic passes may cost.
  static let pictureTolerance = 1e-5
  /// The same for tracked frames, whose memory carries the differences of all frames before.
  static let videoTolerance = 1e-4

  private static let optimised = Result { () throws -> SegmentationModel in
    let checkpoint = try Checkpoint.open(Nano.path("nano.pt"))
    let model = try ModelImporter.importModel(checkpoint.tensors).model
    return try SegmentationModel(Pipeline.run(on: model).model)
  }

  @Test func valuesOfTheMemoryAreFolded() throws {
    let checkpoint = try Checkpoint.open(Nano.path("nano.pt"))
    let model = try ModelImporter.importModel(checkpoint.tensors).model
    let graph = try #require(Pipeline.run(on: model).model.graph("attend_memory"))
    let narrow = graph.nodes.filter { node in
      guard case .attention = node.op else { return false }
      return graph[node.result].type.shape.last != graph[node.operands[0]].type.shape.last
    }
    let configuration = try Nano.model.get().configuration
    #expect(narrow.count == configuration.memory.attention.layers)
  }

  @Test func picturesKeepTheirMasks() throws {
    let picture = try ImageReader.read(Nano.path("still.png"))
    let click = Prompt(points: [.init(x: Float(picture.width) / 2, y: Float(picture.height) / 2)])
    let predictions = try [Nano.model, Self.optimised].map { model in
      let predictor = ImagePredictor(try model.get())
      try predictor.setImage(picture)
      return try predictor.predict(click).lowResolutionLogits.floats()
    }
    let closeness = Closeness(predictions[1], to: predictions[0])
    #expect(closeness.relativeL2 <= Self.pictureTolerance, "\(closeness)")
  }

  @Test func tracksKeepTheirMasks() throws {
    let tracks = try [Nano.model, Self.optimised].map { model in
      let video = try VideoPredictor(
        try model.get(), frames: FrameSource(path: Nano.path("clip")))
      let middle = Prompt.Point(x: Float(video.width) / 2, y: Float(video.height) / 2)
      try video.addPoints(frame: 0, object: 1, points: [middle])
      var propagation = try video.propagation(maxFrames: 8)
      var logits: [[Float]] = []
      while let result = try propagation.next() {
        logits.append(result.objects[0].lowResolutionLogits.floats())
      }
      return logits
    }
    #expect(tracks[0].count == tracks[1].count && tracks[0].count > 4)
    for (frame, pair) in zip(tracks[1], tracks[0]).enumerated() {
      let closeness = Closeness(pair.0, to: pair.1)
      #expect(closeness.relativeL2 <= Self.videoTolerance, "frame \(frame): \(closeness)")
    }
  }
}
