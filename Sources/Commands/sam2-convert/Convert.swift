import ArgumentParser
import Bytes
import CLISupport
import Checkpoints
import DetectorImport
import Graph
import JSON
import ModelFile
import ModelInterface
import SAM2Config
import SAM2Import
import Tensors

struct Convert: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "convert",
    abstract: "Converts a checkpoint (the default when no subcommand is named).",
    discussion: """
      Examples:

        sam2-convert sam2.1_hiera_tiny.pt -o tiny.sam2
        sam2-convert model.safetensors --config model.yaml -o model.sam2
        sam2-convert sam2.1_hiera_tiny.pt --image-size 512 -o small-input.sam2
        sam2-convert checkpoint.pt --dry-run --json
        sam2-convert checkpoint.pt --weights ema -o ema.sam2
        sam2-convert ~/.keras/paz/models/sam2/sam2.1_hiera_tiny -o tiny.sam2
        sam2-convert owlv2-base-patch16-ensemble/ -o words.sam2

      A folder of OWLv2 or OWL-ViT as transformers saves it becomes a detector, which finds things \
      by words: sam2 detect --detector words.sam2 --text "red car" photo.jpg.
      """)

  @Argument(
    help: """
      A checkpoint: .pt, .pth, .safetensors, its .index.json when sharded, .h5, .weights.json, \
      .keras, .npz, .ggml of sam3.cpp, or a folder of weights of Keras or its .manifest.json.
      """)
  var input: String

  @Option(name: [.short, .long], help: "Path of the model file.")
  var output: String?

  @Option(help: "Official YAML configuration, where the weights do not determine it.")
  var config: String?

  @Option(
    help: ArgumentHelp(
      """
      Side of the pictures that the model looks at, in pixels; a smaller one is faster and finds \
      less (default: as the model was trained).
      """, valueName: "n"))
  var imageSize: Int?

  @Option(help: "How weights are stored: f32, f16 or bf16.")
  var dtype = WeightStorage.f32

  @Flag(help: "Replace the output if it exists.")
  var force = false

  @Flag(help: "Print the result as JSON.")
  var json = false

  @Flag(help: "Check and report everything, but write nothing.")
  var dryRun = false

  @Flag(help: "Refuse weights that are NaN or infinite, instead of warning.")
  var strictValues = false

  @OptionGroup var reading: ReadingOptions

  @OptionGroup var detector: DetectorOptions

  @OptionGroup var golden: GoldenOptions

  @OptionGroup var common: CommonOptions

  func validate() throws {
    if output == nil && !dryRun { throw ValidationError("give the output with -o OUT.sam2") }
  }

  func run() throws {
    try Tool.run(json: json) {
      if let output, !dryRun {
        try AtomicFile.checkCanCreate(path: output, replaceExisting: force)
      }
      let given = try config.map(readConfiguration)
      let checkpoint = try Checkpoint.open(input, options: reading.options)
      let provenance = Provenance(input: input, checkpoint: checkpoint, storage: dtype.dtype)
      if DetectorImporter.kind(of: checkpoint.tensors) != nil {
        return try convertDetector(checkpoint, provenance)
      }
      try detector.refuseForSAM2()
      var imported = try importing(checkpoint, given?.configuration)
      imported.notes += given?.notes ?? []
      try checkValues(imported)
      try report(imported, checkpoint, try write(imported.model, provenance))
    }
  }

  private func readConfiguration(
    _ path: String
  ) throws -> (configuration: ModelConfiguration, notes: [String]) {
    do {
      let storage = try MappedFile.open(path)
      let text = storage.withUnsafeBytes { String(validating: $0, as: UTF8.self) }
      guard let text else {
        throw Failure(.badInput, code: "config.text", "the configuration is not UTF-8 text")
      }
      return try OfficialYAML.read(text)
    } catch let failure as Failure {
      throw failure.about(file: path)
    }
  }

  private func importing(
    _ checkpoint: OpenedCheckpoint, _ given: ModelConfiguration?
  ) throws(Failure) -> ImportedModel {
    let progress = common.progress("reading", unit: "tensors")
    defer { progress.finish() }
    do {
      let imported = try ModelImporter.importModel(
        checkpoint.tensors, at: reading.weights, configuration: given, imageSize: imageSize,
        storage: dtype.dtype, convertsLater: true
      ) { progress.update($0, of: $1) }
      // The weights have been verified by now; the rest of the contents remains.
      try checkpoint.tensors.verify()
      return imported
    } catch {
      throw error.about(file: input)
    }
  }

  /// - Throws: `model.values` if values that are not numbers must be refused.
  private func checkValues(_ imported: ImportedModel) throws(Failure) {
    try checkValues(valueWarning(imported.nonFinite))
  }

  /// - Throws: `model.values` with the text of `warning`, if `--strict-values` is set.
  func checkValues(_ warning: String?) throws(Failure) {
    guard strictValues, let warning else { return }
    throw Failure(
      .badInput, code: "model.values", warning, hint: "without --strict-values this is a warning",
      file: input)
  }

  /// Writes the file and returns its size; in a dry run, only checks whether it could be written.
  func write(_ model: Model, _ provenance: Provenance) throws -> Int? {
    guard let output, !dryRun else {
      try provenance.checkpoint.checkUnchanged()
      return nil
    }
    var expected = model
    expected.metadata = try golden.placeholder(for: model, in: model.metadata)
    expected.metadata = provenance.placeholder(in: expected.metadata)
    let progress = common.progress("writing", unit: "bytes")
    defer { progress.finish() }
    return try ModelFile.write(
      expected, to: output, replaceExisting: force, floatStorage: dtype.dtype,
      progress: { progress.update($0, of: $1) },
      finalMetadata: { () throws(Failure) in
        let metadata = provenance.added(
          to: try golden.added(running: model, storage: dtype.dtype, to: model.metadata, common))
        // The written data is exactly the data that was checked and hashed; otherwise there is no
        // output.
        try provenance.checkpoint.checkUnchanged()
        return metadata
      })
  }

  private func report(
    _ imported: ImportedModel, _ checkpoint: OpenedCheckpoint, _ byteCount: Int?
  ) throws {
    let notes = checkpoint.notes + imported.notes + nameNotes(imported, checkpoint)
    for note in notes { common.note("note: \(note)") }
    let warnings = warnings(imported)
    for warning in warnings { common.note("warning: \(warning)") }
    for assumption in imported.assumptions { common.note("assumed: \(assumption)") }
    if json {
      Console.data(try jsonReport(imported, checkpoint, notes, warnings, byteCount).text(.pretty))
      return
    }
    let configuration = imported.configuration
    common.note(
      "\(configuration.family), \(configuration.variant): \(imported.model.weights.count) tensors, "
        + "\(configuration.imageSize)x\(configuration.imageSize) input\(limits(imported.parts))")
    if let output, let byteCount {
      common.note(
        "\(readable(byteCount: checkpoint.byteCount)) -> \(output), "
          + "\(readable(byteCount: byteCount))")
    }
  }

  /// Reasons why the model may be worse than its checkpoint.
  private func warnings(_ imported: ImportedModel) -> [String] {
    [imported.resizing?.inWords, valueWarning(imported.nonFinite)].compactMap(\.self)
  }

  private func limits(_ parts: ModelParts) -> String {
    switch parts {
    case .all: ""
    case .imageOnly: ", for pictures only: the checkpoint holds no memory, so it cannot track"
    case .pointsOnly:
      ", for pictures only, without masks as prompts: the checkpoint holds no weights for either"
    case .encoderOnly: ", the image encoder alone"
    }
  }

  /// Notes on file names that contradict the weights.
  private func nameNotes(
    _ imported: ImportedModel, _ checkpoint: OpenedCheckpoint
  ) -> [String] {
    let files =
      [input.split(separator: "/").last.map(String.init) ?? input]
      + checkpoint.shards.map(\.name)
    let found = imported.configuration
    // Without a memory, SAM 2 and SAM 2.1 are identical.
    let claimed = KnownVariants.all.first { known in
      files.contains { $0.hasPrefix(known.variant) } && known.variant != found.variant
        && (imported.parts.allows(.tracking) || known.trunk != found.trunk)
    }
    guard let claimed, KnownVariants.named(found.variant) != nil else { return [] }
    return ["files are named after \(claimed.variant), but hold the weights of \(found.variant)"]
  }

  private func jsonReport(
    _ imported: ImportedModel, _ checkpoint: OpenedCheckpoint, _ notes: [String],
    _ warnings: [String], _ byteCount: Int?
  ) throws -> JSONValue {
    var entries: [(key: String, value: JSONValue)] = [
      ("input", .string(input)),
      ("format", .string(checkpoint.format.name)),
      ("names", .string(imported.layout.name)),
      ("input_bytes", .integer(Int64(checkpoint.byteCount))),
      ("family", .string(imported.configuration.family)),
      ("variant", .string(imported.configuration.variant)),
      ("parts", .string(imported.parts.rawValue)),
      ("tensors", .integer(Int64(imported.model.weights.count))),
      ("image_size", .integer(Int64(imported.configuration.imageSize))),
      ("assumptions", .array(imported.assumptions.map { .string($0) })),
      ("warnings", .array(warnings.map { .string($0) })),
      ("notes", .array(notes.map { .string($0) })),
    ]
    if let output, let byteCount {
      entries.append(("output", .string(output)))
      entries.append(("output_bytes", .integer(Int64(byteCount))))
      entries.append(("sha256", .string(try ModelFile.sha256(ofFile: output))))
    }
    return .object(entries)
  }
}

/// A warning about the values of the tensors; nil if all are numbers.
func valueWarning(_ nonFinite: [(name: String, count: Int)]) -> String? {
  guard !nonFinite.isEmpty else { return nil }
  let shown = nonFinite.prefix(3).map { "\($0.name) (\($0.count))" }.joined(separator: ", ")
  let more = nonFinite.count > 3 ? " and \(nonFinite.count - 3) more" : ""
  return "weights are NaN or infinite: \(shown)\(more)"
}

/// Storage types that a model file can have before quantisation.
enum WeightStorage: String, ExpressibleByArgument, CaseIterable {
  case f32
  case f16
  case bf16

  var dtype: DType {
    switch self {
    case .f32: .float32
    case .f16: .float16
    case .bf16: .bfloat16
    }
  }
}
