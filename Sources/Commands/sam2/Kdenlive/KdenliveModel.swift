import ArgumentParser
import Bytes
import CLISupport
import JobSupport
import Kdenlive
import SAM2

/// The model for Kdenlive's object mask: the converted form of the checkpoint named by Kdenlive,
/// created on first use.
struct KdenliveModel {
  private let options: KdenliveOptions
  /// Reports to the person waiting in Kdenlive.
  private let report: (String) -> Void

  init(_ options: KdenliveOptions, report: @escaping (String) -> Void) {
    (self.options, self.report) = (options, report)
  }

  /// - Throws: any error that `ModelSource.load` throws.
  func load() throws -> SegmentationModel {
    let isChosen = Console.variable(ModelSource.environmentVariable) != nil
    let file = isChosen ? nil : options.model.flatMap(converted)
    // Options receive their values only from a parser, even if there are none.
    let source = try ModelSource.parse(file.map { ["--model", $0] } ?? [])
    return try source.load(RunOptions.parse([]), for: .tracking)
  }

  /// The model file for `checkpoint`; nil if it does not exist and cannot be written.
  private func converted(_ checkpoint: String) -> String? {
    let stem = "\(folderName(checkpoint))/\(fileStem(checkpoint))"
    let known = ["\(stem)-int8.sam2", "\(stem).sam2"].first { Suggestion.exists($0) }
    if let known { return known }
    guard Suggestion.exists(checkpoint) else {
      report("There is no \(fileName(checkpoint)); the built-in model is used")
      return nil
    }
    if checkpoint.hasSuffix(".sam2") { return checkpoint }
    return convert(checkpoint, to: "\(stem).sam2")
  }

  private func convert(_ checkpoint: String, to target: String) -> String? {
    let folders = [StartedProgram.ownFolder].compactMap(\.self)
    guard let program = StartedProgram.find("sam2-convert", among: folders) else {
      report("sam2-convert is not installed; the built-in model is used")
      return nil
    }
    report("Converting \(fileName(checkpoint)), once")
    // Kdenlive passes configuration names from the official package, which are usually not files.
    let config = options.config.flatMap { Suggestion.exists($0) ? ["--config", $0] : nil } ?? []
    let code = try? StartedProgram(program, [checkpoint, "-o", target] + config).wait()
    guard code == 0 else {
      report(
        "\(fileName(checkpoint)) cannot be converted by sam2-convert; the built-in model is used")
      return nil
    }
    report("\(fileName(target)) is there; sam2-quantize makes it faster, as NAME-int8.sam2")
    return target
  }
}
