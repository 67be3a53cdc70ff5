import Bytes
import CLISupport
import Checkpoints
import DetectorConfig
import DetectorImport
import Graph
import JSON
import ModelFile
import SAM2Config
import Tensors

extension Convert {
  /// Converts a checkpoint whose tensor names are those of a detector.
  func convertDetector(_ checkpoint: OpenedCheckpoint, _ provenance: Provenance) throws {
    try refuseForDetectors()
    var options = DetectorImporter.Options()
    options.storage = dtype.dtype
    options.imageSize = imageSize
    options.published = try detector.published(for: input)
    let imported = try importing(checkpoint, options)
    let warning = valueWarning(imported.nonFinite)
    try checkValues(warning)
    let notes = checkpoint.notes + imported.notes
    for note in notes { common.note("note: \(note)") }
    if let warning { common.note("warning: \(warning)") }
    for assumption in imported.assumptions { common.note("assumed: \(assumption)") }
    let byteCount = try write(imported.model, provenance)
    try report(imported, checkpoint, notes, byteCount)
  }

  /// - Throws: `convert.sam2_option`.
  private func refuseForDetectors() throws(Failure) {
    for (option, isGiven) in [("--config", config != nil), ("--weights", reading.weights != nil)]
    where isGiven {
      throw Failure(
        .usage, code: "convert.sam2_option",
        "\(option) is for SAM 2, but this checkpoint is a detector, whose config.json is read from "
          + "the same folder")
    }
  }

  private func importing(
    _ checkpoint: OpenedCheckpoint, _ options: DetectorImporter.Options
  ) throws(Failure) -> ImportedDetector {
    let merges = try detector.merges(for: input)
    let progress = common.progress("reading", unit: "tensors")
    defer { progress.finish() }
    do {
      let imported = try DetectorImporter.importModel(
        checkpoint.tensors, merges: merges, options: options
      ) { progress.update($0, of: $1) }
      try checkpoint.tensors.verify()
      return imported
    } catch {
      throw error.about(file: input)
    }
  }

  private func report(
    _ imported: ImportedDetector, _ checkpoint: OpenedCheckpoint, _ notes: [String],
    _ byteCount: Int?
  ) throws {
    let c = imported.configuration
    if json {
      return Console.data(try jsonReport(imported, checkpoint, notes, byteCount).text(.pretty))
    }
    common.note(
      "\(c.kind.name), a detector: \(imported.model.weights.count) tensors, "
        + "\(c.imageSize)x\(c.imageSize) input, patches of \(c.patchSize), \(c.vision.layers) layers "
        + "of \(c.vision.width)")
    if let output, let byteCount {
      common.note(
        "\(readable(byteCount: checkpoint.byteCount)) -> \(output), "
          + "\(readable(byteCount: byteCount))")
    }
  }

  private func jsonReport(
    _ imported: ImportedDetector, _ checkpoint: OpenedCheckpoint, _ notes: [String],
    _ byteCount: Int?
  ) throws -> JSONValue {
    var entries: [(key: String, value: JSONValue)] = [
      ("input", .string(input)),
      ("format", .string(checkpoint.format.name)),
      ("input_bytes", JSONValue(checkpoint.byteCount)),
      ("family", .string(imported.configuration.kind.name)),
      ("architecture", .string(imported.configuration.kind.architecture.rawValue)),
      ("tensors", JSONValue(imported.model.weights.count)),
      ("image_size", JSONValue(imported.configuration.imageSize)),
      ("assumptions", .array(imported.assumptions.map { .string($0) })),
      ("warnings", .array(valueWarning(imported.nonFinite).map { [.string($0)] } ?? [])),
      ("notes", .array(notes.map { .string($0) })),
    ]
    if let output, let byteCount {
      entries.append(("output", .string(output)))
      entries.append(("output_bytes", JSONValue(byteCount)))
      entries.append(("sha256", .string(try ModelFile.sha256(ofFile: output))))
    }
    return .object(entries)
  }
}
