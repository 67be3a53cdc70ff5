import JSON

/// A change to a model's input size at conversion, and what it means for accuracy.
public struct InputResizing: Sendable, Equatable {
  /// Side of the input in the configuration that was found or given.
  public var configured: Int
  /// Side of the input that was requested.
  public var requested: Int

  /// The metadata entry that records a change.
  static let metadataKey = "input_resizing"

  /// A one-line description for people.
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

  /// The metadata entry.
  var json: JSONValue {
    [
      "configured": JSONValue(configured), "requested": JSONValue(requested),
      "accuracy": .string(inWords),
    ]
  }
}
