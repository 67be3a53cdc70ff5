public import Bytes
public import JSON
import SAM2Config

extension DetectorConfiguration {
  /// The configuration of a model with this metadata.
  /// - Throws: `model.not_detector` for a SAM 2, `model.architecture` for an unknown model;
  ///   `json.*`, `config.*`.
  public init(metadata: JSONValue) throws(Failure) {
    let architecture = try Architecture(metadata: metadata)
    guard let kind = DetectorKind(architecture) else {
      throw Failure(
        .badInput, code: "model.not_detector",
        "this model makes masks (\(architecture.rawValue)) and cannot find things by words",
        hint: "pass it as --model, and a converted OWLv2 as --detector")
    }
    try self.init(json: metadata.required("configuration"), kind: kind)
  }

  /// Reads the output of `json`.
  /// - Throws: `json.*`, `config.value`.
  public init(json: JSONValue, kind: DetectorKind) throws(Failure) {
    self.kind = kind
    imageSize = try json.requiredInt("image_size")
    patchSize = try json.requiredInt("patch_size")
    vocabularyCount = try json.requiredInt("vocabulary")
    tokenCount = try json.requiredInt("text_tokens")
    queryWidth = try json.requiredInt("query_width")
    text = try Tower(json: json.required("text"))
    vision = try Tower(json: json.required("vision"))
    pixelMean = try json.requiredDoubles("pixel_mean")
    pixelStd = try json.requiredDoubles("pixel_std")
    try validate()
  }

  public var json: JSONValue {
    [
      "image_size": JSONValue(imageSize),
      "patch_size": JSONValue(patchSize),
      "vocabulary": JSONValue(vocabularyCount),
      "text_tokens": JSONValue(tokenCount),
      "query_width": JSONValue(queryWidth),
      "text": text.json,
      "vision": vision.json,
      "pixel_mean": .array(pixelMean.map { JSONValue($0) }),
      "pixel_std": .array(pixelStd.map { JSONValue($0) }),
    ]
  }
}

extension DetectorConfiguration.Tower {
  init(json: JSONValue) throws(Failure) {
    let name = try json.requiredString("activation")
    guard let activation = TowerActivation(rawValue: name) else {
      throw Failure(
        .badInput, code: "config.unsupported",
        "the activation is \"\(printable(name, limit: 40))\"", place: "configuration")
    }
    self.init(
      width: try json.requiredInt("width"), layers: try json.requiredInt("layers"),
      heads: try json.requiredInt("heads"), feedforward: try json.requiredInt("feedforward"),
      normEpsilon: Float(try json.requiredDouble("norm_epsilon")), activation: activation)
  }

  var json: JSONValue {
    [
      "width": JSONValue(width), "layers": JSONValue(layers), "heads": JSONValue(heads),
      "feedforward": JSONValue(feedforward), "norm_epsilon": JSONValue(normEpsilon),
      "activation": JSONValue(activation.rawValue),
    ]
  }
}

extension JSONValue {
  fileprivate func requiredDoubles(_ key: String) throws(Failure) -> [Double] {
    let elements = try requiredArray(key)
    let numbers = elements.compactMap(\.double)
    guard numbers.count == elements.count else {
      throw Failure(.badInput, code: "json.type", "\"\(key)\" must be an array of numbers")
    }
    return numbers
  }
}
