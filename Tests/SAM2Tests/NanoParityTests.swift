import Bytes
import Checkpoints
import JSON
import Media
import SAM2Import
import Tensors
import TestSupport
import Testing

@testable import SAM2

/// Both predictors against recorded answers of the official code with trained weights.
@Suite struct NanoParityTests {
  /// Relative L2 of mask logits of a single picture.
  static let pictureTolerance = 1e-4
  /// The same for a tracked frame, whose memory carries the differences of all frames before.
  static let videoTolerance = 1e-3
  /// Absolute, of predicted IoUs and object scores.
  static let scoreTolerance: Float = 1e-3

  // Kernels without optimisation are fifty times slower: debug builds play one of each.
  #if DEBUG
  static let answers = ["multi"]
  static let sessions = ["edits"]
  #else
  static let answers = ["multi", "single", "refined"]
  static let sessions = [
    "two_objects", "correction", "both_directions", "edits", "few_conditioning", "strided",
    "conditioning_corrections",
  ]
  #endif

  @Test(arguments: answers)
  func segmentsAsTheOfficialCode(name: String) throws {
    let earlier =
      name == "refined"
      ? MaskPlane.clamped(try Nano.array("segment_single.npy")[0]).reshaped([64, 64]) : nil
    try compare(
      Nano.model.get(), with: Nano.reference().required("segment").requiredArray(name),
      logits: Nano.array("segment_\(name).npy"), multimask: name == "multi", earlier: earlier)
  }

  /// A model that was trained at 256, built for 160: its maps do not fill whole windows.
  @Test func segmentsAtAnotherSizeAsTheOfficialCode() throws {
    let reference = try Nano.reference().required("other_size")
    try compare(
      Self.resized(reference), with: reference.requiredArray("segment"),
      logits: Nano.array("other_size_segment.npy"), multimask: true)
  }

  private static func resized(_ reference: JSONValue) throws -> SegmentationModel {
    let checkpoint = try Checkpoint.open(Nano.path("nano.pt"))
    return try SegmentationModel(
      ModelImporter.importModel(
        checkpoint.tensors, imageSize: reference.requiredInt("image_size")
      ).model)
  }

  /// Holds the answers of `model` to prompts on the still picture to recorded ones.
  private func compare(
    _ model: SegmentationModel, with answers: [JSONValue], logits: Tensor, multimask: Bool,
    earlier: Tensor? = nil
  ) throws {
    let predictor = ImagePredictor(model)
    try predictor.setImage(ImageReader.read(Nano.path("still.png")))
    let prompts = try answers.map { answer in
      let object = try ScriptObject(answer, place: "reference")
      return Prompt(points: try object.points(), box: try object.box(), maskLogits: earlier)
    }
    let predictions = try predictor.predict(prompts, multimask: multimask)
    #expect(predictions.count == logits.shape[0])
    for (index, prediction) in predictions.enumerated() {
      let closeness = Closeness(
        prediction.lowResolutionLogits.floats(), to: logits[index].floats())
      #expect(closeness.relativeL2 <= Self.pictureTolerance, "prompt \(index): \(closeness)")
      let guessed = try answers[index].requiredArray("predicted_iou").map { Float($0.double ?? -1) }
      let score = Float(try answers[index].requiredDouble("object_score"))
      let scores = zip(prediction.predictedIoUs + [prediction.objectScore], guessed + [score])
      #expect(guessed.count == prediction.count)
      #expect(scores.allSatisfy { abs($0 - $1) <= Self.scoreTolerance })
    }
  }

  @Test(arguments: sessions)
  func tracksAsTheOfficialCode(session: String) throws {
    try compare(
      Nano.model.get(), with: Nano.reference().required("track").required(session),
      logits: Nano.array("track_\(session).npy"))
  }

  @Test func tracksAtAnotherSizeAsTheOfficialCode() throws {
    let reference = try Nano.reference().required("other_size")
    try compare(
      Self.resized(reference), with: reference.required("track"),
      logits: Nano.array("other_size_track.npy"))
  }

  /// Holds the results of a session with `model` to recorded ones.
  private func compare(
    _ model: SegmentationModel, with reference: JSONValue, logits: Tensor
  ) throws {
    let held = try reference.requiredArray("held")
    let found = try play(reference, on: model)
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

  /// The last result of each object on each frame of a session.
  private func play(
    _ session: JSONValue, on model: SegmentationModel
  ) throws -> [Place: FrameResult.Object] {
    let options = try options(session.required("options"))
    let video = try VideoPredictor(
      model, frames: FrameSource(path: Nano.path("clip")), options: options)
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

  /// Options under their official names.
  private func options(_ json: JSONValue) throws -> VideoOptions {
    var options = VideoOptions()
    // Without CUDA the official code fills no holes.
    options.fillHoleArea = 0
    for (name, value) in json.object ?? [] {
      switch name {
      case "max_cond_frames_in_attn": options.maxConditioningFrames = value.int
      case "memory_temporal_stride_for_eval": options.memoryStride = value.int
      case "multimask_output_for_tracking": options.tracksWithMultimask = value.bool
      case "add_all_frames_to_correct_as_cond":
        options.correctionsCondition = try #require(value.bool as Bool?)
      default: Issue.record("no option \(name)")
      }
    }
    return options
  }

  private func loadMask(_ name: String) throws -> BinaryMask {
    let picture = try ImageReader.read(Nano.path(name))
    return BinaryMask(
      width: picture.width, height: picture.height,
      bits: stride(from: 0, to: picture.pixels.count, by: 3).map { picture.pixels[$0] > 127 })
  }
}
