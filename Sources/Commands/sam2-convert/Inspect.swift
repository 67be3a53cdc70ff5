import ArgumentParser
import Bytes
import CLISupport
import Checkpoints
import GoldenPrompt
import JSON
import ModelFile
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
      let listing = try Listing(file, reading.options)
      Console.data(json ? listing.json(tensors: tensors).text(.pretty) : listing.text(tensors))
    }
  }
}

/// One file of either kind, as rows.
private struct Listing {
  struct Row {
    let name: String
    let dtype: DType
    let shape: Shape
  }

  let facts: [(label: String, value: String)]
  let rows: [Row]
  /// Of a model file; empty for checkpoints.
  let sections: [ModelFileSummary.Section]
  let metadata: JSONValue?

  init(_ path: String, _ options: CheckpointOptions) throws {
    let storage = try MappedFile.open(path)
    if ModelFile.isModelFile(storage) {
      let summary = try ModelFile.inspect(path)
      facts =
        [
          ("format", "sam2 model file \(summary.version)"),
          ("bytes", String(summary.byteCount)),
          ("tensors", String(summary.tensors.count)),
        ] + (summary.metadata["parts"]?.string.map { [("parts", $0)] } ?? [])
        + summary.graphs.map { ("graph \($0.name)", "\($0.nodeCount) nodes") }
      rows = summary.tensors.map { Row(name: $0.name, dtype: $0.dtype, shape: $0.shape) }
      sections = summary.sections
      metadata = GoldenPrompt.shortened(summary.metadata)
      return
    }
    let checkpoint: OpenedCheckpoint
    do {
      checkpoint = try Checkpoint.open(storage, path: path, options: options)
    } catch {
      throw error.about(file: path)
    }
    facts =
      [
        ("format", checkpoint.format.name), ("bytes", String(checkpoint.byteCount)),
        ("tensors", String(checkpoint.tensors.names.count)),
      ] + checkpoint.details + checkpoint.notes.map { ("note", $0) }
    rows = checkpoint.tensors.names.compactMap { name in
      checkpoint.tensors.description(of: name).map {
        Row(name: name, dtype: $0.dtype, shape: $0.shape)
      }
    }
    sections = []
    metadata = nil
  }

  func text(_ withTensors: Bool) -> String {
    var lines = facts.map { "\($0.label): \(printable($0.value, limit: 200))" }
    if let metadata { lines.append("metadata: \(metadata.text(.pretty))") }
    if withTensors {
      lines += rows.map { "\($0.dtype.name)\t\($0.shape)\t\(printable($0.name, limit: 255))" }
    }
    return lines.joined(separator: "\n")
  }

  func json(tensors withTensors: Bool) -> JSONValue {
    var entries: [(key: String, value: JSONValue)] = facts.map { ($0.label, .string($0.value)) }
    var seen: Set<String> = []
    // Notes may be many under one label, and JSON keys are unique.
    entries = entries.filter { seen.insert($0.key).inserted }
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
              .object([
                ("name", .string(row.name)), ("dtype", .string(row.dtype.name)),
                ("shape", .array(row.shape.dimensions.map { .integer(Int64($0)) })),
              ])
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
