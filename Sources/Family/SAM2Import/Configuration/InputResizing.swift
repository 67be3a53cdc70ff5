import JSON

/// A change of a model's input size at conversion, and what it means for accuracy.
public struct InputResizing: Sendable, Equatable {
  /// Side of the input in the configuration that was found or given.
  public var configured: Int
  /// Side of the input that was asked for.
  public var requested: Int

  /// The entry of the metadata that records a change.
  static let metadataKey = "input_resizing"

  /// For people, in a line.
  public var inWords: String {
    let effect =
      requested < configured
      ? "lose accuracy here, small objects and thin parts first"
      : "meet positions and sizes here that training did not show them"
    return
      "the image size is \(requested) instead of the configured \(configured): weights trained at "
      + "\(configured) \(effect); weights trained or fine-tuned at \(requested) do not. Accuracy was "
      + "not measured"
  }

  /// The entry of the metadata.
  var json: JSONValue {
    [
      "configured": JSONValue(configured), "requested": JSONValue(requested),
      "accuracy": .string(inWords),
    ]
  }
}
