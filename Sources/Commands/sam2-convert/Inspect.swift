import ArgumentParser
import Bytes
import CLISupport
import Checkpoints
import DetectorConfig
import DetectorImport
import GoldenPrompt
import JSON
import ModelFile
import ModelInterface
import SAM2Config
import SAM2Import
import Tensors

struct Inspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Lists what a checkpoint or a model file holds, without reading its weights.",
    discussion: """
      Examples:

        sam2-convert inspect sam2.1_hiera_tiny.pt
        sam2-convert inspect tiny.sam2 --tensors
      """)

  @Argument(help: "Any checkpoint, or a .sam2 file.")
  var file: String

  @Flag(help: "List every tensor.")
  var tensors = false

  @Flag(help: "Print as JSON.")
  var json = false

  @OptionGroup var reading: ReadingOptions
  @OptionGroup var common: CommonOptions

  func run() throws {
    try Tool.run(json: json) {
      let listing = try Listing(file, reading)
      Console.data(json ? listing.json(tensors: tensors).text(.pretty) : listing.text(tensors))
    }
  }
}

/// One file of either kind, listed as rows.
private struct Listing {
  struct Row {
    let name: String
    let dtype: DType
    let shape: Shape
    /// Name of the layer that the tensor belongs to, if the format records it.
    var layer: String?
  }

  let facts: [(label: String, value: String)]
  let notes: [String]
  let rows: [Row]
  /// Sections of a model file; empty for checkpoints.
  let sections: [ModelFileSummary.Section]
  let metadata: JSONValue?

  init(_ path: String, _ reading: ReadingOptions) throws(Failure) {
    if let storage = try Listing.file(path), ModelFile.isModelFile(storage) {
      self.init(try ModelFile.inspect(path))
    } else {
      try self.init(checkpoint: path, reading)
    }
  }

  /// The file at `path`; nil for a folder.
  private static func file(_ path: String) throws(Failure) -> ByteStorage? {
    do throws(Failure) {
      return try MappedFile.open(path)
    } catch {
      guard error.cause == .folder else { throw error }
      return nil
    }
  }

  private init(_ summary: ModelFileSummary) {
    facts =
      [
        ("format", "sam2 model file \(summary.version)"),
        ("bytes", String(summary.byteCount)),
        ("tensors", String(summary.tensors.count)),
      ] + (summary.metadata["parts"]?.string.map { [("parts", $0)] } ?? [])
      + summary.graphs.map { ("graph \($0.name)", "\($0.nodeCount) nodes") }
    notes = []
    rows = summary.tensors.map { Row(name: $0.name, dtype: $0.dtype, shape: $0.shape) }
    sections = summary.sections
    metadata = GoldenPrompt.shortened(summary.metadata)
  }

  private init(checkpoint path: String, _ reading: ReadingOptions) throws(Failure) {
    let checkpoint = try Checkpoint.open(path, options: reading.options)
    let weights = Listing.weights(checkpoint.tensors, at: reading.weights)
    facts =
      [
        ("format", checkpoint.format.name), ("bytes", String(checkpoint.byteCount)),
        ("tensors", String(checkpoint.tensors.names.count)),
      ] + checkpoint.details + weights.facts
    notes = checkpoint.notes + weights.notes
    rows = checkpoint.tensors.names.compactMap { name in
      checkpoint.tensors.description(of: name).map {
        Row(name: name, dtype: $0.dtype, shape: $0.shape, layer: $0.layer)
      }
    }
    sections = []
    metadata = nil
  }

  /// The model that the tensors belong to, as far as names and shapes reveal it; a checkpoint of
  /// another model is listed all the same.
  private static func weights(
    _ tensors: any TensorCollection, at key: String?
  ) -> (facts: [(label: String, value: String)], notes: [String]) {
    if let detector = DetectorImporter.kind(of: tensors) {
      return ([("model", "\(detector.name), a detector")], [])
    }
    do throws(Failure) {
      let found = try WeightSearch(tensors, at: key)
      guard let place = found.key else { return ([("weights", "none of a known SAM 2")], []) }
      let variant = try ConfigurationDetector.detect(found.tensors)
      return (
        [
          ("names", found.layout.name), ("weights", place == "." ? "the whole file" : place),
          ("model", variant.configuration.variant), ("parts", variant.parts.rawValue),
        ], found.notes + variant.assumptions
      )
    } catch {
      return ([], [error.description])
    }
  }

  func text(_ withTensors: Bool) -> String {
    var lines = facts.map { "\($0.label): \(printable($0.value, limit: 200))" }
    lines += notes.map { "note: \(printable($0, limit: 400))" }
    if let metadata { lines.append("metadata: \(metadata.text(.pretty))") }
    if withTensors {
      lines += rows.map { row in
        let layer = row.layer.map { "\t\($0)" } ?? ""
        return "\(row.dtype.name)\t\(row.shape)\t\(printable(row.name, limit: 255))\(layer)"
      }
    }
    return lines.joined(separator: "\n")
  }

  func json(tensors withTensors: Bool) -> JSONValue {
    var entries: [(key: String, value: JSONValue)] = facts.map { ($0.label, .string($0.value)) }
    var seen: Set<String> = []
    // Several facts may share one label, but JSON keys are unique.
    entries = entries.filter { seen.insert($0.key).inserted }
    if !notes.isEmpty { entries.append(("notes", .array(notes.map { .string($0) }))) }
    if let metadata { entries.append(("metadata", metadata)) }
    if !sections.isEmpty {
      entries.append(("sections", .array(sections.map(Listing.json))))
    }
    if withTensors {
      entries.append(
        (
          "tensor_list",
          .array(
            rows.map { row in
              .object(
                [
                  ("name", .string(row.name)), ("dtype", .string(row.dtype.name)),
                  ("shape", .array(row.shape.dimensions.map { .integer(Int64($0)) })),
                ] + (row.layer.map { [("layer", .string($0))] } ?? []))
            })
        ))
    }
    return .object(entries)
  }

  private static func json(_ section: ModelFileSummary.Section) -> JSONValue {
    [
      "name": .string(section.name), "offset": JSONValue(section.offset),
      "bytes": JSONValue(section.byteCount), "sha256": .string(section.sha256),
    ]
  }
}
