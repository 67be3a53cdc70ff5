import TestSupport
import Testing

/// sam2-convert and sam2-quantize on inputs they have to refuse: one line, the documented exit code,
/// nothing written.
@Suite("Refusals of sam2-convert and sam2-quantize")
struct ConvertTests {
  struct Refusal: Sendable, CustomStringConvertible {
    let what: String
    let tool: Tool
    let arguments: [String]
    let exitCode: Int32
    /// Part of the message.
    let message: String
    var description: String { what }
  }

  /// `$fixtures` and `$hdf5` are replaced by the folders of hostile and good files of these
  /// formats, `$nano` by the folder of the trained model, `$model` by its converted file.
  static let refusals: [Refusal] = [
    .init(
      what: "missing file", tool: .convert, arguments: ["nowhere.pt", "-o", "out.sam2"],
      exitCode: 66, message: "nowhere.pt"),
    .init(
      what: "text file", tool: .convert, arguments: ["$nano/README.md", "-o", "out.sam2"],
      exitCode: 65, message: "text"),
    .init(
      what: "truncated checkpoint", tool: .convert, arguments: ["cut.pt", "-o", "out.sam2"],
      exitCode: 65, message: "cut.pt"),
    .init(
      what: "another architecture", tool: .convert,
      arguments: ["$fixtures/good/fp32.pt", "-o", "out.sam2"], exitCode: 65, message: "SAM 2"),
    .init(
      what: "another architecture, HDF5", tool: .convert,
      arguments: ["$hdf5/good/nested.h5", "-o", "out.sam2"], exitCode: 65, message: "SAM 2"),
    .init(
      what: "pickle that calls os.system", tool: .convert,
      arguments: ["$fixtures/bad/pickle-os-system.pt", "-o", "out.sam2"], exitCode: 65,
      message: "nothing was executed"),
    .init(
      what: "output folder missing", tool: .convert,
      arguments: ["$nano/nano.pt", "-o", "nowhere/out.sam2"], exitCode: 73, message: "nowhere"),
    .init(
      what: "output exists", tool: .convert, arguments: ["$nano/nano.pt", "-o", "cut.pt"],
      exitCode: 73, message: "--force"),
    .init(
      what: "no output named", tool: .convert, arguments: ["$nano/nano.pt"], exitCode: 64,
      message: "-o"),
    .init(
      what: "unknown storage type", tool: .convert,
      arguments: ["$nano/nano.pt", "-o", "out.sam2", "--dtype", "int3"], exitCode: 64,
      message: "int3"),
    .init(
      what: "configuration of another model", tool: .convert,
      arguments: ["$nano/nano.pt", "-o", "out.sam2", "--config", "$nano/README.md"], exitCode: 65,
      message: "README.md"),
    .init(
      what: "a size that does not fit windows", tool: .convert,
      arguments: ["$nano/nano.pt", "-o", "out.sam2", "--image-size", "250"], exitCode: 65,
      message: "multiple of 32, from 32 to 8192; use 224 or 256"),
    .init(
      what: "quantising a checkpoint", tool: .quantize,
      arguments: ["$nano/nano.pt", "-o", "out.sam2"], exitCode: 65, message: "sam2-convert"),
    .init(
      what: "quantising onto itself", tool: .quantize, arguments: ["$model", "-o", "$model"],
      exitCode: 64, message: "replace the input"),
    .init(
      what: "pattern that matches nothing", tool: .quantize,
      arguments: ["$model", "-o", "out.sam2", "--keep-fp32", "tpyo.*"], exitCode: 64,
      message: "tpyo.*"),
    .init(
      what: "pattern with a typing error", tool: .quantize,
      arguments: ["$model", "-o", "out.sam2", "--keep-fp32", "sam_mask_decodr.iou_token.weight"],
      exitCode: 64, message: "did you mean sam_mask_decoder.iou_token.weight"),
    .init(
      what: "quantising twice", tool: .quantize, arguments: ["$int8", "-o", "out.sam2"],
      exitCode: 64, message: "quantised already"),
    .init(
      what: "calibration input missing", tool: .quantize,
      arguments: ["$model", "-o", "out.sam2", "--calibrate", "nowhere"], exitCode: 66,
      message: "nowhere"),
    .init(
      what: "calibration folder without pictures", tool: .quantize,
      arguments: ["$model", "-o", "out.sam2", "--calibrate", "."], exitCode: 66,
      message: "no JPEG or PNG"),
    .init(
      what: "calibration with no picture that can be read", tool: .quantize,
      arguments: ["$model", "-o", "out.sam2", "--calibrate", "cut.pt"], exitCode: 65,
      message: "can be decoded"),
    .init(
      what: "a budget without calibration", tool: .quantize,
      arguments: ["$model", "-o", "out.sam2", "--min-iou", "0.9"], exitCode: 64,
      message: "--calibrate"),
    .init(
      what: "a pass that there is not", tool: .quantize,
      arguments: ["$model", "-o", "out.sam2", "--until", "fold-values"], exitCode: 64,
      message: "--passes"),
    .init(
      what: "two ends", tool: .quantize,
      arguments: ["$model", "-o", "out.sam2", "--optimize-only", "--weights-only"], exitCode: 64,
      message: "exclude"),
    .init(
      what: "calibrating what is not rounded", tool: .quantize,
      arguments: ["$model", "-o", "out.sam2", "--optimize-only", "--calibrate", "."], exitCode: 64,
      message: "nothing is rounded"),
    .init(
      what: "a step that there is not", tool: .quantize,
      arguments: ["$model", "-o", "out.sam2", "--without", "magic"], exitCode: 64, message: "magic"),
  ]

  @Test(arguments: refusals)
  func refuses(_ refusal: Refusal) throws {
    let workplace = try Workplace.shared.get()
    let fixtures = fixturePath("", target: "TorchCheckpointTests")
    let hdf5 = fixturePath("", target: "HDF5CheckpointTests")
    try withTemporaryFolder { folder in
      let whole = try #require(fileBytes(Workplace.nano("nano.pt")))
      write(Array(whole[..<(whole.count / 2)]), to: folder + "/cut.pt")
      let places = [
        "$fixtures/": fixtures, "$hdf5/": hdf5, "$nano/": Workplace.nano(""),
        "$model": workplace.model, "$int8": Workplace.bundled,
      ]
      let arguments = refusal.arguments.map { replacing($0, places) }
      let outcome = try refusal.tool.run(arguments, in: folder)
      #expect(outcome.exitCode == refusal.exitCode, "\(outcome.errors)")
      #expect(outcome.errors.contains(refusal.message), "\(outcome.errors)")
      #expect(outcome.output.isEmpty)
      if refusal.exitCode != 64 {
        #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome.errors)")
      }
      #expect(folderNames(folder) == ["cut.pt"])
    }
  }

  private func replacing(_ text: String, _ values: [String: String]) -> String {
    var text = text
    for (name, value) in values {
      while let range = text.firstRange(of: name) { text.replaceSubrange(range, with: value) }
    }
    return text
  }
}
