import Bytes
import Graph
import JSON
import Media
import ModelFile
import Tensors
import TestSupport
import Testing

@testable import SAM2

/// Model files whose metadata contradict their graphs: refused, or run without a trap.
@Suite struct ConfigurationMismatchTests {
  static let mismatches: [(key: String, value: JSONValue)] = [
    ("image_size", 0), ("image_size", 512), ("image_size", 1_000_000), ("image_size", "256"),
    ("image_size", .integer(.min)), ("num_maskmem", 6), ("num_maskmem", 12), ("num_maskmem", 64),
    ("memory_dim", 16), ("d_model", 64), ("d_model", 4096), ("stages", [1, 2, 24, 1]),
    ("stages", []), ("embed_dim", 4096), ("backbone_stride", 8), ("pixel_mean", [0.5]),
    ("pixel_std", [0, 1, 1]), ("max_obj_ptrs_in_encoder", 2), ("max_obj_ptrs_in_encoder", 4096),
    ("max_cond_frames_in_attn", 2), ("memory_temporal_stride_for_eval", 4096),
    ("window_spec", [1, 1, 1, 1]), ("num_heads", 64), ("pred_obj_scores", false),
    ("no_obj_embed_spatial", false), ("add_tpos_enc_to_obj_ptrs", false), ("variant", ""),
  ]

  private static let original = Result {
    try ModelFile.read(
      storage: try MappedFile.open(
        fixturePath("../../Sources/Commands/CBundledModel/nano-int8.sam2", target: ".")))
  }

  @Test(arguments: mismatches) func isRefusedOrRuns(key: String, value: JSONValue) throws {
    var model = try Self.original.get()
    let members = try #require(model.metadata["configuration"]?.object)
    try #require(members.contains { $0.key == key })
    let changed = members.map { $0.key == key ? ($0.key, value) : ($0.key, $0.value) }
    let metadata = try #require(model.metadata.object)
    model.metadata = .object(
      metadata.map { $0.key == "configuration" ? ($0.key, .object(changed)) : ($0.key, $0.value) })
    do {
      try run(try SegmentationModel(model))
    } catch {
      let failure = try #require(error as? Failure)
      #expect(failure.kind == .badInput, "\(failure)")
      #expect(
        ["config.", "json.", "graph.", "model."].contains { failure.code.hasPrefix($0) },
        "\(failure.code)")
    }
  }

  @Test func otherSizesAreNamed() throws {
    for (key, value) in [("image_size", 512), ("num_maskmem", 12), ("memory_dim", 16)] {
      var model = try Self.original.get()
      let members = try #require(model.metadata["configuration"]?.object)
      let changed = members.map {
        $0.key == key ? ($0.key, JSONValue(value)) : ($0.key, $0.value)
      }
      model.metadata = ["architecture": "sam2", "configuration": .object(changed)]
      #expect(throws: failure("config.mismatch")) { try SegmentationModel(model) }
    }
  }

  /// A click in a picture, and three frames of a clip.
  private func run(_ model: SegmentationModel) throws {
    let picture = RGBImage(width: 40, height: 20, filledWith: RGBColour(90, 60, 30))
    let predictor = ImagePredictor(model)
    try predictor.setImage(picture)
    _ = try predictor.predict(Prompt(points: [.init(x: 10, y: 5)]))
    let video = try VideoPredictor(model, frames: FrameList([picture, picture, picture]))
    _ = try video.addPoints(frame: 0, object: 1, points: [.init(x: 10, y: 5)])
    var propagation = try video.propagation()
    while try propagation.next() != nil {}
  }
}
