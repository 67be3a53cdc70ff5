public import Bytes
public import JSON

/// The kinds of models that can be loaded, as named by `architecture` in a file's metadata.
public enum Architecture: String, Sendable, CaseIterable {
  /// SAM 2, SAM 2.1 and EdgeTAM.
  case sam2
  /// Finds boxes from words or from an example: OWLv2.
  case owlv2
  /// The same, in the previous generation: OWL-ViT.
  case owlvit

  /// The entry of the metadata that names the architecture.
  public static let key = "architecture"

  /// - Throws: `model.architecture` for a model of any other kind, or of none.
  public init(metadata: JSONValue) throws(Failure) {
    guard let name = metadata[Architecture.key]?.string else {
      throw Architecture.unknown("the model names no architecture")
    }
    guard let known = Architecture(rawValue: name) else {
      throw Architecture.unknown(
        "the architecture of the model is \"\(printable(name, limit: 60))\"")
    }
    self = known
  }

  private static func unknown(_ what: String) -> Failure {
    let known = allCases.map(\.rawValue).joined(separator: ", ")
    return Failure(
      .badInput, code: "model.architecture", "\(what); this version can load: \(known)",
      place: "metadata")
  }
}

extension ModelConfiguration {
  /// The configuration of a model with this metadata.
  /// - Throws: `model.detector` when the model produces no masks, `model.architecture` when its
  ///   kind is unknown; `json.*`, `config.*`.
  public init(metadata: JSONValue) throws(Failure) {
    switch try Architecture(metadata: metadata) {
    case .sam2: try self.init(json: metadata.required("configuration"))
    case .owlv2, .owlvit:
      throw Failure(
        .badInput, code: "model.detector",
        "this model finds boxes by words (\(metadata["family"]?.string ?? "a detector")) and makes "
          + "no masks",
        hint: "pass it as --detector, and a SAM 2 as --model")
    }
  }
}
