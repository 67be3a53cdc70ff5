import ArgumentParser
import Bytes
import CLISupport
import DetectorImport
import Graph
import HDF5Checkpoint
import JSON
import ModelFile
import SAM2Config
import SAM2Import
import SafetensorsCheckpoint
import Tensors

struct Export: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Writes the weights of a model file as a checkpoint with the official names.",
    discussion: """
      Examples:

        sam2-convert export tiny.sam2 -o tiny.safetensors
        sam2-convert export tiny-int8.sam2 --dequantize -o tiny.h5
      """)

  @Argument(help: "A .sam2 file.")
  var model: String

  @Option(name: [.short, .long], help: "Path of the checkpoint: OUT.safetensors or OUT.h5.")
  var output: String

  @Flag(help: "Write int8 weights as the rounded floats that they represent.")
  var dequantize = false

  @Flag(help: "Replace the output if it exists.")
  var force = false

  @Flag(help: "Print the result as JSON.")
  var json = false

  @OptionGroup var common: CommonOptions

  func validate() throws {
    guard format != nil else {
      throw ValidationError("the name of the output must end in .safetensors, .h5 or .hdf5")
    }
  }

  func run() throws {
    try Tool.run(json: json) {
      try AtomicFile.checkCanCreate(path: output, replaceExisting: force)
      let export = try opened()
      try report(export, try write(export.tensors))
    }
  }

  /// The format, determined by the name of the output.
  private enum Format: String {
    case safetensors
    case hdf5
  }

  private var format: Format? {
    switch output.split(separator: ".").last {
    case "safetensors": .safetensors
    case "h5", "hdf5": .hdf5
    default: nil
    }
  }

  /// Writes the file and returns its size.
  private func write(_ tensors: any TensorCollection) throws -> Int {
    let unit = format == .hdf5 ? "tensors" : "bytes"
    let progress = common.progress("writing", unit: unit)
    defer { progress.finish() }
    if format == .hdf5 {
      return try HDF5Writer.write(tensors, to: output, replaceExisting: force) {
        progress.update($0, of: $1)
      }
    }
    // Readers such as transformers look for the framework that the file is meant for.
    return try SafetensorsWriter.write(
      tensors, metadata: ["format": "pt"], to: output, replaceExisting: force
    ) { progress.update($0, of: $1) }
  }

  /// The official tensors, after all checksums of the file have been verified.
  private func opened() throws -> ModelExporter.Export {
    let progress = common.progress("verifying", unit: "bytes")
    defer { progress.finish() }
    try ModelFile.verify(model) { progress.update($0, of: $1) }
    do throws(Failure) {
      let opened = try ModelFile.open(model)
      try opened.verifyInterface()
      switch try Architecture(metadata: opened.metadata) {
      case .sam2: return try ModelExporter.export(opened, dequantizing: dequantize)
      case .owlv2, .owlvit:
        return ModelExporter.Export(unchanged: try DetectorExporter.tensors(of: opened))
      }
    } catch {
      throw error.about(file: model)
    }
  }

  private func report(_ export: ModelExporter.Export, _ byteCount: Int) throws {
    if !export.dequantized.isEmpty {
      common.note(
        "note: \(export.dequantized.count) tensors are rounded to 8 bits: "
          + "they are not those of the original checkpoint")
    }
    if !export.refactored.isEmpty {
      common.note(
        "note: \(export.refactored.count) tensors are factors of products that the optimiser made: "
          + "they compute the same, but are not those of the original checkpoint")
    }
    if !export.zeroed.isEmpty {
      let count = export.zeroed.count
      common.note(
        "note: zeros replace weights that no computation needs and the model does not have: "
          + export.zeroed.prefix(3).joined(separator: ", ")
          + (count > 3 ? ", … (\(count) in all)" : ""))
    }
    if json {
      Console.data(try jsonReport(export, byteCount).text(.pretty))
      return
    }
    common.note(
      "\(export.tensors.names.count) tensors -> \(output), \(readable(byteCount: byteCount))")
  }

  private func jsonReport(
    _ export: ModelExporter.Export, _ byteCount: Int
  ) throws -> JSONValue {
    [
      "input": .string(model),
      "output": .string(output),
      "format": JSONValue(format?.rawValue ?? ""),
      "output_bytes": JSONValue(byteCount),
      "sha256": .string(try ModelFile.sha256(ofFile: output)),
      "tensors": JSONValue(export.tensors.names.count),
      "dequantized": .array(export.dequantized.map { .string($0) }),
      "refactored": .array(export.refactored.map { .string($0) }),
      "zeroed": .array(export.zeroed.map { .string($0) }),
    ]
  }
}
