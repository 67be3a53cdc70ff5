import ArgumentParser
import Bytes
import Quantizer
import SAM2

/// The last stage of the pipeline, and the parts of the model to keep.
struct StageOptions: ParsableArguments {
  @Flag(help: "List the passes in order: what each promises and does.")
  var passes = false

  @Option(
    name: .customLong("until"),
    help: ArgumentHelp("End after one of --passes.", valueName: "pass"))
  var lastName: String?

  @Flag(help: "Optimise the graphs, round nothing: until eliminate-dead-code.")
  var optimizeOnly = false

  @Flag(help: "Int8 storage, float arithmetic: until store-compactly.")
  var weightsOnly = false

  @Flag(
    help: """
      Run the model after each pass on a picture, print the error of each, and name the first over \
      its budget; exit 1 when there is one. Writes nothing.
      """)
  var bisect = false

  @Flag(help: "Drop the memory: the file segments pictures and cannot track.")
  var imageOnly = false

  @Flag(help: "Keep nothing but the image encoder.")
  var encoderOnly = false

  @Flag(help: "Round a model again that is int8 already; what that lost stays lost.")
  var allowRequantize = false

  func validate() throws {
    let ends = [lastName != nil, optimizeOnly, weightsOnly, bisect].filter(\.self).count
    guard ends <= 1 else {
      throw ValidationError(
        "--until, --optimize-only, --weights-only and --bisect exclude each other")
    }
    guard !(imageOnly && encoderOnly) else {
      throw ValidationError("--image-only and --encoder-only exclude each other")
    }
    guard !(bisect && encoderOnly) else {
      throw ValidationError("--bisect compares masks, which --encoder-only has none of")
    }
  }

  /// The stage after which work ends.
  func last() throws(Failure) -> PipelineStage {
    if optimizeOnly { return .lastExact }
    if weightsOnly { return .quantization(.storeCompactly) }
    guard let lastName else { return .quantization(.quantizeAttention) }
    return try PipelineStage(named: lastName)
  }

  var parts: ModelParts {
    imageOnly ? .imageOnly : encoderOnly ? .encoderOnly : .all
  }
}
