import ArgumentParser
import Bytes
import CLISupport
import Glibc
import JSON
import ModelFile
import Runtime

struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Lists the features of this machine, and the ones that sam2 uses.",
    discussion: """
      Examples:

        sam2 doctor
        sam2 doctor --json
        sam2 doctor --model tiny-int8.sam2 --all-levels

      A model runs once, and what comes out is compared with what its file recorded when it was \
      made: exit code 65 when this machine, this build or the file computes something else.

      Put its output into reports of problems. \(KernelTable.environmentVariable) forces a kernel \
      level: \(KernelTable.levelNames.joined(separator: ", ")).
      """)

  @OptionGroup var check: ModelCheck

  @Flag(help: "Print as JSON.")
  var json = false

  @OptionGroup var machine: RunOptions

  @OptionGroup var common: CommonOptions

  func run() throws {
    try Tool.run(json: json) {
      let kernels = try KernelTable()
      let findings = try Findings(
        kernels: kernels, check: check.run(best: kernels.name, machine, common))
      Console.data(json ? findings.json.text(.pretty) : findings.text)
    }
  }
}

/// Features, kernels and programs of this machine.
private struct Findings {
  let kernels: KernelTable
  let check: ModelCheck.Result
  /// Multiply-accumulates per second of one core.
  let peakFloat: Double
  let peakBF16: Double
  let peakInt8: Double
  let processor = Findings.processorName()
  let ffmpeg = Findings.program("ffmpeg")
  let ffprobe = Findings.program("ffprobe")

  init(kernels: KernelTable, check: ModelCheck.Result) throws(Failure) {
    (self.kernels, self.check) = (kernels, check)
    peakFloat = kernels.measurePeak(.float(.float32))
    peakBF16 = kernels.measurePeak(.float(.bfloat16))
    peakInt8 = kernels.measurePeak(.int8)
    // A model that cannot be read would mean a broken build.
    for file in BundledFile.allCases { try ModelFile.verify(storage: file.storage) }
  }

  var json: JSONValue {
    [
      "version": .string(Tool.version), "processor": .string(processor),
      "processors": .init(ProcessorCount.online),
      "usable_processors": .init(ProcessorCount.usable),
      "cpu_features": .array(KernelLevel.cpuFeatures.map { .string($0) }),
      "kernel_level": .string(kernels.name),
      "kernel_levels": .array(KernelTable.availableLevels.map { .string($0) }),
      "levels": .array(KernelLevel.all.map(json)),
      "peak_gmacs_per_core": [
        "float32": .number(gigas(peakFloat)), "bfloat16": .number(gigas(peakBF16)),
        "int8": .number(gigas(peakInt8)),
      ],
      "ffmpeg": ffmpeg.map { .string($0) } ?? .null,
      "ffprobe": ffprobe.map { .string($0) } ?? .null,
      "bundled_model": [
        "name": .string(BundledFile.model.name), "bytes": .init(BundledFile.model.byteCount),
      ],
      "bundled_detector": [
        "name": .string(BundledFile.detector.name), "bytes": .init(BundledFile.detector.byteCount),
      ],
      "check": check.json,
    ]
  }

  var text: String {
    let features = KernelLevel.cpuFeatures.joined(separator: " ")
    let video = ffmpeg != nil && ffprobe != nil
    let rows: [(String, String)] = [
      ("version", Tool.version), ("processor", "\(processor), \(threads)"),
      ("cpu features", features.isEmpty ? "none of those looked for" : features),
      ("kernels", kernels.name),
    ]
    let levels = KernelLevel.all.map { ("  \($0.name)", $0.status) }
    let machine: [(String, String)] = [
      (
        "peak of a core",
        "\(fixed(gigas(peakFloat), 1)) GMAC/s float32, \(fixed(gigas(peakBF16), 1)) bfloat16, "
          + "\(fixed(gigas(peakInt8), 1)) int8"
      ),
      ("ffmpeg", ffmpeg ?? "not found"), ("ffprobe", ffprobe ?? "not found"),
      ("video files", video ? "yes" : "no: apt-get install ffmpeg, or use folders of frames"),
      ("built-in model", size(.model)), ("built-in detector", size(.detector)),
    ]
    return (rows + levels + machine + check.rows).map { name, value in
      name + String(repeating: " ", count: max(1, 16 - name.count)) + value
    }.joined(separator: "\n")
  }

  private func size(_ file: BundledFile) -> String {
    "\(file.name), \(readable(byteCount: file.byteCount))"
  }

  /// The processor's threads, and how many of them this process may use.
  private var threads: String {
    let (online, usable) = (ProcessorCount.online, ProcessorCount.usable)
    return "\(online) threads" + (usable == online ? "" : ", of which \(usable) for this process")
  }

  private func json(_ level: KernelLevel) -> JSONValue {
    [
      "name": .string(level.name), "runs": .bool(level.runsHere),
      "lacks": .array(level.lacks.map { .string($0) }),
      "refusal": level.refusal.map { .string($0) } ?? .null,
    ]
  }

  private func gigas(_ rate: Double) -> Double { (rate / 1e8).rounded() / 10 }

  // MARK: - Looking around

  private static func processorName() -> String {
    // Files in /proc report a size of 0, so they cannot be mapped.
    guard let file = fopen("/proc/cpuinfo", "re") else { return "unknown" }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 512)
    while fgets(&line, Int32(line.count), file) != nil {
      let bytes = line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
      let text = String(decoding: bytes, as: UTF8.self)
      let parts = text.split(separator: ":", maxSplits: 1)
      guard parts.count == 2, parts[0].hasPrefix("model name") else { continue }
      return printable(String(parts[1].dropFirst().prefix { !$0.isNewline }))
    }
    return "unknown"
  }

  /// Path of a program; nil if it is not on PATH.
  private static func program(_ name: String) -> String? {
    let folders = getenv("PATH").map { String(cString: $0) } ?? ""
    return folders.split(separator: ":").map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
  }
}
