public import Bytes
public import Graph
import JSON
import Media
import ModelFile
public import ModelInterface
public import Runtime
public import SAM2Config
import Tensors

/// A SAM 2 model ready to run: loaded once, shared by any number of predictors.
public final class SegmentationModel: Sendable {
  /// Sizes and choices of the architecture, from the checkpoint and its configuration.
  public let configuration: ModelConfiguration
  /// The runtime of the graphs; nil only where tests put a fake in its place.
  public let program: Program?
  /// The model's parts, which determine what it can be used for.
  public let parts: ModelParts
  let stages: Stages

  /// Loads the `.sam2` file at `path`.
  /// - Throws: what the file reader, the graph verifier and the runtime throw; `config.*`.
  public convenience init(path: String, options: RuntimeOptions = .init()) throws(Failure) {
    do {
      try self.init(ModelFile.open(path), options: options)
    } catch {
      throw error.about(file: path)
    }
  }

  /// Loads the bytes of a `.sam2` file; they remain in use.
  public convenience init(
    storage: ByteStorage, options: RuntimeOptions = .init()
  ) throws(Failure) {
    try self.init(ModelFile.read(storage: storage), options: options)
  }

  /// Prepares a model that is already in memory; `tap` sees values of its graphs as they run.
  /// - Throws: `model.architecture` for another kind of model, `config.mismatch` or
  ///   `model.interface` when the graphs are not those that the configuration implies, and what
  ///   `init(path:)` throws.
  public convenience init(
    _ model: Model, options: RuntimeOptions = .init(), tap: ActivationTap? = nil
  ) throws(Failure) {
    let configuration = try ModelConfiguration(metadata: model.metadata)
    let interface = try ModelInterface(of: model, configuration: configuration)
    let pool = StoragePool()
    let program = try Program(model, options: options, tap: tap, pool: pool)
    try self.init(
      program, interface, program: program, configuration: configuration, pool: pool)
  }

  /// `graphs` have the `interface` that `configuration` implies; tests pass some without a program.
  init(
    _ graphs: any GraphRunning, _ interface: ModelInterface, program: Program?,
    configuration: ModelConfiguration, pool: StoragePool
  ) throws(Failure) {
    self.configuration = configuration
    self.program = program
    parts = interface.parts
    stages = try Stages(graphs, interface, pool: pool)
  }

  /// Side of the square input in pixels: S.
  public var imageSize: Int { configuration.imageSize }

  /// A new tensor [1, S, S, 3] of normalised pixels, which `fill` writes.
  func pixels(_ fill: (UnsafeMutableBufferPointer<Float>) -> Void) -> Tensor {
    Tensor(dtype: .float32, shape: [1, imageSize, imageSize, 3], pool: stages.pool) {
      fill($0.bindMemory(to: Float.self))
    }
  }

  /// A frame of the input's size, as the encoder reads it: [1, S, S, 3].
  func framePixels(of frame: RGBImage) -> Tensor {
    pixels {
      frame.normalize(into: $0, mean: pixelMean, standardDeviation: pixelDeviation)
    }
  }

  var pixelMean: [Float] { configuration.pixelMean.map { Float($0) } }
  var pixelDeviation: [Float] { configuration.pixelStd.map { Float($0) } }
}

extension SegmentationModel {
  /// - Throws: `model.encoder_only`, `model.image_only`, `model.points_only` when the model lacks
  ///   what `use` needs.
  public func require(_ use: ModelParts.Use) throws(Failure) {
    guard !parts.allows(use) else { return }
    switch (parts, use) {
    case (.all, _): return
    case (.pointsOnly, .maskPrompting):
      throw Failure(
        .badInput, code: "model.points_only",
        "the model takes no masks as prompts: its checkpoint held no weights for them",
        hint: "use points or a box, or a model of a whole checkpoint")
    case (.imageOnly, _), (.pointsOnly, _):
      throw Failure(
        .badInput, code: "model.image_only", "the model cannot track: it holds no memory",
        hint: "use a model of a whole checkpoint, made without --image-only")
    case (.encoderOnly, _):
      throw Failure(
        .badInput, code: "model.encoder_only",
        "the model cannot segment: it holds the image encoder only",
        hint: "use a file that was written without --encoder-only")
    }
  }
  /// Refuses a use of the HQ token if the model does not have one.
  /// - Throws: `model.hq_token`.
  public func require(_ refinement: MaskRefinement) throws(Failure) {
    guard refinement == .alone, !configuration.decoder.hasHQToken else { return }
    throw Failure(
      .badInput, code: "model.hq_token",
      "the model has no HQ token: it is \(configuration.family), not HQ-SAM",
      hint: "leave out --hq-token-only, or use a model of an HQ-SAM 2.1 checkpoint")
  }
}
