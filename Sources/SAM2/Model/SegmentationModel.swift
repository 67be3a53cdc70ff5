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
  public convenience init(
    _ model: Model, options: RuntimeOptions = .init(), tap: ActivationTap? = nil
  ) throws(Failure) {
    let configuration = try ModelConfiguration(json: model.metadata.required("configuration"))
    let program = try Program(model, options: options, tap: tap)
    try self.init(program, program: program, configuration: configuration)
  }

  /// For tests: any runner of graphs.
  init(
    _ graphs: any GraphRunning, program: Program? = nil, configuration: ModelConfiguration
  ) throws(Failure) {
    try configuration.validate()
    self.configuration = configuration
    self.program = program
    stages = try Stages(graphs)
  }

  /// Side of the square input in pixels: S.
  public var imageSize: Int { configuration.imageSize }

  var pixelMean: [Float] { configuration.pixelMean.map { Float($0) } }
  var pixelDeviation: [Float] { configuration.pixelStd.map { Float($0) } }
}
