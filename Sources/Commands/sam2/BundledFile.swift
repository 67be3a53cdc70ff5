import Bytes
import CBundledModel

/// The model files built into this command.
enum BundledFile: CaseIterable {
  /// The small SAM 2 that is used if `--model` is not given.
  case model
  /// The small detector that knows the colours of drawn shapes: `--detector built-in`.
  case detector

  /// Its name in results and messages.
  var name: String {
    switch self {
    case .model: "built-in nano-int8"
    case .detector: "built-in shapes-int8"
    }
  }

  var byteCount: Int {
    switch self {
    case .model: sam2_bundled_model_size
    case .detector: sam2_bundled_detector_size
    }
  }

  /// The bytes of the file, used in place.
  var storage: ByteStorage {
    let bytes =
      switch self {
      case .model: sam2_bundled_model_bytes()
      case .detector: sam2_bundled_detector_bytes()
      }
    return ByteStorage(takingOver: bytes, byteCount: byteCount) { _, _ in
      // Part of the program, so there is nothing to release.
    }
  }
}
