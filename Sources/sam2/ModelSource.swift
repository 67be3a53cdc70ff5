import ArgumentParser
import Bytes
import CBundledModel
import CLISupport
import Glibc
import SAM2

/// Where the model comes from: `--model FILE`, else the environment, else the one built in.
struct ModelSource: ParsableArguments {
  /// Environment variable that names the model to use without `--model`.
  static let environmentVariable = "SAM2_MODEL"

  @Option(
    name: .customLong("model"),
    help: ArgumentHelp(
      "Model file made by sam2-convert or sam2-quantize (default: $SAM2_MODEL, else the small "
        + "one built into this command).",
      valueName: "file"))
  var file: String?

  /// The file to load; nil for the model that is built in.
  private var path: String? {
    file ?? getenv(ModelSource.environmentVariable).map { String(cString: $0) }
  }

  /// How results name the model.
  var name: String { path ?? BundledModel.name }

  /// Loads the model.
  /// - Throws: what `SegmentationModel` refuses.
  func load(
    _ machine: RunOptions, timesSteps: Bool = false
  ) throws(Failure) -> SegmentationModel {
    var options = RuntimeOptions(threads: machine.threads)
    options.timesSteps = timesSteps
    guard let path else {
      return try SegmentationModel(storage: BundledModel.storage, options: options)
    }
    return try SegmentationModel(path: path, options: options)
  }
}

/// The model inside this command.
enum BundledModel {
  static let name = "built-in nano-int8"

  static var byteCount: Int { sam2_bundled_model_size }

  /// The bytes of the file, used in place.
  static var storage: ByteStorage {
    ByteStorage(takingOver: sam2_bundled_model_bytes(), byteCount: byteCount) { _, _ in
      // Part of the program: nothing to release.
    }
  }
}
