import Bytes
import Checkpoints
import Graph
import Media
import ModelFile
import Passes
import Quantizer
import Runtime
import SAM2Import
import SampleScene
import Tensors
import TestSupport
import Testing

@testable import Calibration

/// The trained fixture model, calibrated with a few sample scenes.
struct CalibratorTests {
  private static let nano = Result { () throws -> Model in
    let checkpoint = try Checkpoint.open(fixturePath("nano/nano.pt", target: "."))
    return try Pipeline.run(on: ModelImporter.importModel(checkpoint.tensors).model).model
  }

  private func withPictures(_ count: Int, _ body: (String) throws -> Void) throws {
    try withTemporaryFolder { folder in
      for index in 0..<count {
        let picture = SampleScene(seed: UInt64(100 + index)).still().image
        try PNGWriter.write(picture, to: "\(folder)/scene\(index).png")
      }
      try body(folder)
    }
  }

  @Test func calibratesReproduciblyAndMeasures() throws {
    let nano = try Self.nano.get()
    try withPictures(4) { folder in
      let inputs = try CalibrationInputs(paths: [folder])
      let first = try Calibrator().quantize(nano, by: Quantizer(), inputs: inputs)
      #expect(first.sources.map(\.isHeldOut) == [false, false, false, true])
      #expect(first.isHeldOut && first.skipped.isEmpty && first.fallback.isEmpty)
      // A floor far below what is measured: 0.99 and more.
      #expect((first.accuracy.pictures ?? 0) > 0.95)
      #expect(first.accuracy.clips != nil)
      #expect(first.decisions.contains { $0.smoothing != nil })
      let memoryLayers = first.decisions.filter { $0.weight.hasPrefix("memory_attention") }
      #expect(memoryLayers.contains { $0.scheme == .int8 && $0.inputSQNR != nil })
      #expect(first.signals.allSatisfy { $0.sqnr > 25 }, "\(first.signals)")
      let second = try Calibrator().quantize(nano, by: Quantizer(), inputs: inputs)
      #expect(try ModelFile.encode(first.model) == ModelFile.encode(second.model))
    }
  }

  /// Products of keys are corrected although attention takes them in.
  @Test func biasesOfKeysThatAreNotMadeAreCorrected() throws {
    var plan = try Quantizer().plan(Self.nano.get())
    var random = SeededRandom(seed: 1)
    func tensor(_ shape: [Int]) -> Tensor {
      Tensor(random.floats(shape.reduce(1, *)), shape: Shape(shape))
    }
    let call = [
      "features": tensor([1, 16, 16, 192]), "memory": tensor([1, 256, 64]),
      "memory_position": tensor([1, 256, 64]), "pointers": tensor([1, 2, 192]),
      "pointer_positions": tensor([2, 64]),
    ]
    let before = try plan.quantized().model.weights
    try BiasCorrector(options: .init()).correct(&plan, graph: "attend_memory", calls: [call])
    let (after, _) = try plan.quantized()
    let nodes = try #require(after.graph("attend_memory")).nodes
    #expect(nodes.count { $0.op.name == "axial_attention" } == 2)
    for index in 0..<2 {
      let path = "memory_attention.layers.\(index).cross_attn_image.k_proj"
      let correction = try #require(plan.corrections["\(path).weight"])
      #expect(correction.contains { $0 != 0 })
      let bias = try #require(before["\(path).bias"]).floats()
      #expect(after.weights["\(path).bias"]?.floats() == zip(bias, correction).map { $0 + $1 })
    }
  }

  @Test func returnsLayersUntilTheBudgetHoldsOrRefuses() throws {
    let nano = try Self.nano.get()
    try withPictures(1) { folder in
      let inputs = try CalibrationInputs(paths: [folder])
      var options = Calibrator.Options()
      options.groupLimit = 2
      options.minimumIoU = 0.99999
      do {
        let result = try Calibrator(options).quantize(nano, by: Quantizer(), inputs: inputs)
        #expect(!result.fallback.isEmpty)
        #expect(result.accuracy.minimum >= 0.99999)
        let noise = result.sensitivities.map(\.noise)
        #expect(noise == noise.sorted(by: >) && noise.allSatisfy { $0 > 0 && $0 < 0.01 })
        // Whole groups, the worst ones.
        let groups = result.sensitivities.map { Set($0.weights) }
        let returned = groups.prefix { $0.isSubset(of: result.fallback) }
        #expect(result.fallback == returned.flatMap { $0 }.sorted())
      } catch let failure as Failure {
        // Weights in float16 and decoder weights in int8 may cost more than this budget.
        #expect(failure.code == "quantize.budget")
      }
      options.minimumIoU = 1.1
      #expect(throws: Failure(.badInput, code: "quantize.budget", "")) {
        try Calibrator(options).quantize(nano, by: Quantizer(), inputs: inputs)
      }
    }
  }
}

/// Inputs that cannot be used for calibration.
struct CalibrationInputsTests {
  @Test func foldersOfNumbersAreClips() throws {
    try withTemporaryFolder { folder in
      let image = RGBImage(width: 8, height: 8)
      for name in ["0.png", "1.png"] { try PNGWriter.write(image, to: "\(folder)/\(name)") }
      #expect(try CalibrationInputs(paths: [folder]).clips.count == 1)
      try PNGWriter.write(image, to: "\(folder)/cat.png")
      #expect(try CalibrationInputs(paths: [folder]).pictures.count == 3)
      #expect(try CalibrationInputs(paths: ["\(folder)/cat.png"]).pictures.count == 1)
    }
  }

  @Test func refusesWhatHoldsNoPicture() throws {
    try withTemporaryFolder { folder in
      #expect(throws: Failure(.missingInput, code: "calibrate.empty", "")) {
        try CalibrationInputs(paths: [folder])
      }
      #expect(throws: Failure(.missingInput, code: "file.missing", "")) {
        try CalibrationInputs(paths: ["\(folder)/missing.png"])
      }
      try PictureFile.write([1, 2, 3], to: "\(folder)/broken.png")
      #expect(throws: Failure(.badInput, code: "calibrate.unreadable", "")) {
        try CalibrationInputs(paths: [folder])
      }
      try PNGWriter.write(RGBImage(width: 8, height: 8), to: "\(folder)/good.png")
      let inputs = try CalibrationInputs(paths: [folder])
      #expect(inputs.pictures.count == 1 && inputs.skipped.count == 1)
    }
  }
}
