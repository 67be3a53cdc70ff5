import Bytes
import Checkpoints
import Graph
import JSON
import Media
import SAM2Import
import TestSupport
import Testing

@testable import SAM2

/// Files that hold only what some uses need.
struct ModelPartsTests {
  private func nano() throws -> Model {
    let checkpoint = try Checkpoint.open(Nano.path("nano.pt"))
    return try ModelImporter.importModel(checkpoint.tensors).model
  }

  @Test func imageOnlySegmentsAndDoesNotTrack() throws {
    let whole = try nano()
    let reduced = try ModelParts.imageOnly.reduced(whole)
    try reduced.verify()
    #expect(!reduced.weights.names.contains { $0.hasPrefix("memory_attention.") })
    #expect(reduced.weights.byteCount < whole.weights.byteCount)
    #expect(reduced.metadata["parts"]?.string == "image-only")
    let model = try SegmentationModel(reduced)
    #expect(model.parts == .imageOnly)
    let picture = try ImageReader.read(Nano.path("still.png"))
    let click = Prompt(points: [.init(x: Float(picture.width) / 2, y: Float(picture.height) / 2)])
    let logits = try [Nano.model.get(), model].map { model in
      let predictor = ImagePredictor(model)
      try predictor.setImage(picture)
      return try predictor.predict(click).lowResolutionLogits.floats()
    }
    #expect(logits[0].map(\.bitPattern) == logits[1].map(\.bitPattern))
    #expect(throws: Failure(.badInput, code: "model.image_only", "")) {
      try VideoPredictor(model, frames: FrameList([picture]))
    }
    #expect(throws: Failure(.badInput, code: "model.image_only", "")) {
      try StreamingTracker(model, width: 64, height: 64)
    }
  }

  @Test func encoderOnlyEncodesAndDoesNotSegment() throws {
    let model = try SegmentationModel(ModelParts.encoderOnly.reduced(nano()))
    #expect(model.parts == .encoderOnly)
    let picture = try ImageReader.read(Nano.path("still.png"))
    let predictor = ImagePredictor(model)
    try predictor.setImage(picture)
    let whole = ImagePredictor(try Nano.model.get())
    try whole.setImage(picture)
    #expect(predictor.imageEmbedding?.floats() == whole.imageEmbedding?.floats())
    #expect(throws: Failure(.badInput, code: "model.encoder_only", "")) {
      try predictor.predict(Prompt(points: [.init(x: 3, y: 4)]))
    }
    #expect(throws: Failure(.badInput, code: "model.encoder_only", "")) {
      try VideoPredictor(model, frames: FrameList([picture]))
    }
  }

  @Test func removedPartsCannotBeKept() throws {
    let reduced = try ModelParts.encoderOnly.reduced(nano())
    #expect(throws: Failure(.badInput, code: "model.parts", "")) {
      try ModelParts.imageOnly.reduced(reduced)
    }
    let again = try ModelParts.encoderOnly.reduced(reduced)
    #expect(again.weights.names == reduced.weights.names)
    let all = try ModelParts.all.reduced(reduced)
    #expect(all.graphs == reduced.graphs)
  }
}
