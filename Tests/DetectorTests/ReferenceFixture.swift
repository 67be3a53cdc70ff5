import Bytes
import DetectorConfig
import DetectorImport
import DetectorSamples
import JSON
import TestSupport
import Tokenizer

@testable import Detector

/// The results of transformers, as `Scripts/make_detector_fixtures.py` wrote it.
struct ReferenceFixture {
  let json: JSONValue

  init() throws {
    json = try JSONValue(parsing: try MappedFile.open(fixturePath("outputs.json")))
  }

  func numbers(_ kind: DetectorKind, _ name: String) throws -> [Float] {
    try json.required(kind.rawValue).requiredArray(name).map { Float($0.double ?? .nan) }
  }

  var texts: [String] {
    get throws { try json.requiredArray("texts").compactMap(\.string) }
  }

  var merges: MergeList {
    get throws {
      let lines = try json.requiredArray("merges").compactMap(\.string)
      return try MergeList(text: lines.joined(separator: "\n"))
    }
  }

  /// The small detector of the fixture.
  func imported(_ kind: DetectorKind) throws -> ImportedDetector {
    var options = DetectorImporter.Options()
    // Shapes do not determine the number of heads.
    options.published = try PublishedConfiguration(
      json: [
        "model_type": .string(kind.rawValue), "text_config": ["num_attention_heads": 3],
        "vision_config": ["num_attention_heads": 4],
      ])
    return try DetectorImporter.importModel(
      FormulaCheckpoint(.tiny(kind)), merges: try merges, options: options)
  }
}

/// |a - b| / |b|.
func relativeError(_ a: [Float], _ b: [Float]) -> Double {
  guard a.count == b.count else { return .infinity }
  let difference = zip(a, b).reduce(0.0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }
  return (difference / b.reduce(0.0) { $0 + Double($1 * $1) }).squareRoot()
}
