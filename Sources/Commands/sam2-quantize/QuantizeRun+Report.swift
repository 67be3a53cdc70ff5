import Bytes
import CLISupport
import Calibration
import Comparison
import Graph
import JobSupport
import ModelFile
import QuantizationReport
import Runtime

extension QuantizeRun {
  /// Runs the result alongside its source model: on the inputs that calibration held out, or on the
  /// sample scene if none were given.
  /// - Throws: any error from reading the inputs and running the models.
  func comparison(
    _ source: Model, _ result: QuantizationResult
  ) throws(Failure) -> ModelComparison {
    let progress = common.progress("comparing", unit: "pictures and frames")
    defer { progress.finish() }
    let pictures = heldOut(.picture, result).map { PictureTask(.file($0)) }
    let clips = heldOut(.clip, result).map { ClipTask(.file($0), frameLimit: reporting.frames) }
    return try ModelComparison(
      reference: source, candidate: result.model,
      pictures: pictures.isEmpty ? PictureTask.samples : pictures,
      clips: clips.isEmpty ? [ClipTask.sample(frameLimit: reporting.frames)] : clips,
      options: RuntimeOptions(threads: try running.threads())
    ) { progress.update($1, of: $2) }
  }

  /// Inputs that calibration held out for measuring, or all of a kind if there were only a few.
  private func heldOut(
    _ kind: CalibrationInputs.Item.Kind, _ result: QuantizationResult
  ) -> [String] {
    (result.calibrated?.sources ?? []).filter { $0.kind == kind && $0.isHeldOut }.map(\.path)
  }

  private func origin(
    _ kind: CalibrationInputs.Item.Kind, _ result: QuantizationResult
  ) -> ReportContent.Origin {
    let sources = (result.calibrated?.sources ?? []).filter { $0.kind == kind }
    if sources.isEmpty { return .sample }
    return sources.allSatisfy(\.isHeldOut) ? .calibration : .heldOut
  }

  /// The report on the file that was written.
  /// - Throws: any error from reading the input again and encoding pictures.
  func report(
    of result: QuantizationResult, _ comparison: ModelComparison, as output: String,
    byteCount: Int
  ) throws(Failure) -> QuantizationReport {
    try QuantizationReport(
      ReportContent(
        command: ["sam2-quantize"] + CommandLine.arguments.dropFirst(),
        tool: "sam2-quantize \(Tool.version)",
        input: .init(
          name: fileName(input), byteCount: try MappedFile.open(input).byteCount,
          sha256: result.sourceHash),
        output: .init(
          name: fileName(output), byteCount: byteCount,
          sha256: try ModelFile.sha256(ofFile: output)),
        before: try ModelFile.open(input), after: result.model, log: result.fullLog,
        decisions: result.decisions, recipe: result.recipe?.json, calibrated: result.calibrated,
        minimumIoU: choices.minimumIoU, comparison: comparison,
        pictureOrigin: origin(.picture, result), clipOrigin: origin(.clip, result)))
  }
}
