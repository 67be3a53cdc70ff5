public import Bytes

/// Facts about this release for use in results and messages.
public enum Product {
  public static let version = "0.1.0"
}

extension Failure.Kind {
  /// The exit code of a command that ends with a failure of this kind, following sysexits.h.
  public var exitCode: Int32 {
    switch self {
    case .usage: 64
    case .badInput: 65
    case .missingInput: 66
    case .internalError: 70
    case .cannotCreate, .outputExists: 73
    case .inputOutput, .writing: 74
    }
  }
}
