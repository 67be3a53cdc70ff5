public import Bytes
public import Graph
import JSON
import ModelFile
public import Runtime
public import SAM2Config
import Tensors

/// A SAM 2 model ready to run: loaded once, shared by any number of predictors.
public final class SegmentationModel: Sendable {
  /// Sizes and choices of the architecture, as the checkpoint and its configuration say.
  public let configuration: ModelConfiguration
  /// What runs the graphs; nil only where tests put a fake in its place.
  public let program: Program?
  /// What it can be used for.
  public let parts: ModelParts
  let stages: Stages

  /// Loads the `.sam2` file at `path`.
  /// - Throws: what the file reader, the graph verifier and the runtime refuse; `config.*`.
  public convenience init(path: String, options: RuntimeOptions = .init()) throws(Failure) {
    do {
      try self.init(ModelFile.open(path), options: options)
    } catch {
      throw error.about(file: path)
    }
  }

  /// Loads the bytes of a `.sam2` file; they stay in use.
  public convenience init(
    storage: ByteStorage, options: RuntimeOptions = .init()
  ) throws(Failure) {
    try self.init(ModelFile.read(storage: storage), options: options)
  }

  /// Prepares a model that is in memory already; `tap` sees values of its graphs as they run.
  /// - Throws: `config.mismatch` when metadata and graphs are of two models, and what `init(path:)`
  ///   throws.
  public convenience init(
    _ model: Model, options: RuntimeOptions = .init(), tap: ActivationTap? = nil
  ) throws(Failure) {
    let configuration = try ModelConfiguration(json: model.metadata.required("configuration"))
    let pool = StoragePool()
    let program = try Program(model, options: options, tap: tap, pool: pool)
    try self.init(program, program: program, configuration: configuration, pool: pool)
    try checkAgreement(with: model)
  }

  /// Sizes that the predictors take from the configuration and expect of the graphs.
  private func checkAgreement(with model: Model) throws(Failure) {
    let c = configuration
    let positions = c.featureSide * c.featureSide
    let encoder = model.graph("encode_image")
    let image = encoder?.inputs.first { $0.name == "image" }
    let imageShape = image.flatMap { encoder?[$0.value].type.shape }
    let side = Dim(constant: c.imageSize)
    let dense = Shape([1, c.featureSide, c.featureSide, c.dModel])
    let memory = Shape([c.numMaskmem, positions, c.memoryDim])
    guard imageShape?.count == 4, imageShape?[1] == side, imageShape?[2] == side,
      !parts.allows(.prompting) || stages.noMaskDense.shape == dense,
      !parts.allows(.tracking) || stages.memoryPositions.shape == memory
    else {
      throw Failure(
        .badInput, code: "config.mismatch",
        "the configuration in the file is not that of its graphs",
        hint: "convert the checkpoint again")
    }
  }

  /// For tests: any runner of graphs.
  init(
    _ graphs: any GraphRunning, program: Program? = nil, configuration: ModelConfiguration,
    pool: StoragePool = StoragePool()
  ) throws(Failure) {
    try configuration.validate()
    self.configuration = configuration
    self.program = program
    parts = ModelParts(graphs)
    stages = try Stages(graphs, parts: parts, pool: pool)
  }

  /// Side of the square input in pixels: S.
  public var imageSize: Int { configuration.imageSize }

  /// A new tensor [1, S, S, 3] of normalised pixels, which `fill` writes.
  func pixels(_ fill: (UnsafeMutableBufferPointer<Float>) -> Void) -> Tensor {
    Tensor(dtype: .float32, shape: [1, imageSize, imageSize, 3], pool: stages.pool) {
      fill($0.bindMemory(to: Float.self))
    }
  }

  var pixelMean: [Float] { configuration.pixelMean.map { Float($0) } }
  var pixelDeviation: [Float] { configuration.pixelStd.map { Float($0) } }
}
