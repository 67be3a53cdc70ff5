import ArgumentParser
import Bytes
import CLISupport
import Glibc
import SAM2

/// Where the model comes from: `--model FILE`, else the environment.
struct ModelSource: ParsableArguments {
  /// Environment variable that names the model to use without `--model`.
  static let environmentVariable = "SAM2_MODEL"

  @Option(
    name: .customLong("model"),
    help: ArgumentHelp(
      "Model file made by sam2-convert or sam2-quantize (default: $SAM2_MODEL).",
      valueName: "file"))
  var file: String?

  /// The file to load.
  private var path: String? {
    file ?? getenv(ModelSource.environmentVariable).map { String(cString: $0) }
  }

  /// How results name the model.
  var name: String { path ?? "none" }

  /// Loads the model.
  /// - Throws: `model.none`, and what `SegmentationModel` refuses.
  func load(_ options: RunOptions) throws(Failure) -> SegmentationModel {
    guard let path else {
      throw Failure(
        .usage, code: "model.none", "no model is given",
        hint: "use --model FILE, or set \(ModelSource.environmentVariable)")
    }
    return try SegmentationModel(path: path, options: RuntimeOptions(threads: options.threads))
  }
}
