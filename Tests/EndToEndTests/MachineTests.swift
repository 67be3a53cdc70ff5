import JSON
import TestSupport
import Testing

@Suite("Reports of sam2 about itself")
struct MachineTests {
  static let commands =
    ["", "segment", "auto", "track", "batch", "bench", "doctor", "sample", "score"]
    .map { (Tool.sam2, $0) }
    + ["", "convert", "inspect", "verify", "export"].map { (Tool.convert, $0) }
    + [(Tool.quantize, "")]

  @Test("help begins with examples that fit a narrow terminal", arguments: commands)
  func help(_ tool: Tool, _ command: String) throws {
    let arguments = command.isEmpty ? ["--help"] : [command, "--help"]
    let outcome = try withTemporaryFolder { try tool.run(arguments, in: $0) }
    #expect(outcome.exitCode == 0)
    #expect(outcome.errors == "")
    let lines = outcome.output.split(separator: "\n")
    let usage = try #require(lines.firstIndex { $0.hasPrefix("USAGE: \(tool.rawValue)") })
    let examples = lines[..<usage].filter { $0.hasPrefix("  \(tool.rawValue) ") }
    #expect(!examples.isEmpty)
    #expect(lines.firstIndex { $0.hasPrefix("Example") || $0.hasPrefix("For trying") } ?? 9 < 4)
    for line in lines where !line.hasPrefix("USAGE") { #expect(line.count <= 80) }
  }

  @Test(
    "Slips are named",
    arguments: [
      (["segmnet", "p.png"], 64, "'segment'"),
      (["segment", "p.png", "--ponit", "1,2"], 64, "'--point'"),
      (["segment", "p.png", "--point", "1,2", "-o", "o", "--format", "davsi"], 64, "'davis'"),
      (
        ["segment", "p.png", "--point", "1,2", "-o", "o", "--format", "png,yool"], 64, "'yolo'"
      ),
      (["segment", "picutre.png", "--point", "1,2", "-o", "o"], 66, "picture.png"),
      (
        ["segment", "picture.png", "--point", "1,2", "-o", "o", "--model", "nano.sma2"], 66,
        "nano.sam2"
      ),
    ])
  func slips(_ arguments: [String], _ code: Int, _ meant: String) throws {
    try withTemporaryFolder { folder in
      for name in ["picture.png", "nano.sam2"] { write("", to: "\(folder)/\(name)") }
      let outcome = try Tool.sam2.run(arguments, in: folder)
      #expect(outcome.exitCode == Int32(code))
      #expect(outcome.errors.hasPrefix("error: "), "\(outcome.errors)")
      #expect(outcome.errors.contains("id you mean \(meant)"), "\(outcome.errors)")
    }
  }

  @Test("Threads come from the environment, and nonsense there is refused")
  func threads() throws {
    let call = ["bench", "--runs", "1", "--json"]
    try withRun(call, environment: ["SAM2_THREADS": "1"]) { outcome, _ in
      let threads = try outcome.json.requiredInt("threads")
      #expect(threads == 1)
    }
    for text in ["0", "many", "1025"] {
      try withRun(call, environment: ["SAM2_THREADS": text]) { outcome, _ in
        #expect(outcome.exitCode == 64)
        #expect(outcome.errors.contains("SAM2_THREADS"))
      }
    }
  }

  @Test("doctor names the kernels in use")
  func doctor() throws {
    try withRun(["doctor", "--json"]) { outcome, _ in
      let report = try outcome.json
      let levels = try report.requiredArray("kernel_levels").compactMap(\.string)
      #expect(levels.first == "scalar")
      #expect(try levels.contains(report.requiredString("kernel_level")))
      let all = try report.requiredArray("levels")
      #expect(all.filter { $0["runs"]?.bool == true }.compactMap { $0["name"]?.string } == levels)
      for level in all {
        let reasons =
          try level.requiredArray("lacks").count + (level["refusal"]?.string == nil ? 0 : 1)
        #expect((level["runs"]?.bool == true) == (reasons == 0))
      }
      let peak = try report.required("peak_gmacs_per_core")
      #expect(try peak.requiredDouble("float32") > 0)
      #expect(try peak.requiredDouble("int8") > 0)
    }
  }

  @Test("doctor reports for each level whether it runs here")
  func doctorLevels() throws {
    try withRun(["doctor"]) { outcome, _ in
      let lines = outcome.output.split(separator: "\n")
      #expect(lines.contains { $0.hasPrefix("  scalar ") && $0.hasSuffix(" runs here") })
    }
  }

  @Test("Data that cannot be written is an error, a closed pipe is not")
  func fullOutput() throws {
    let program = try Tool.sam2.path
    try withTemporaryFolder { folder in
      for (line, code) in [("\"$0\" doctor > /dev/full", 74), ("\"$0\" doctor | true", 0)] {
        let outcome = try Tool.shell(line, program, in: folder)
        #expect(outcome.exitCode == Int32(code), "\(outcome.errors)")
        #expect(outcome.errors.isEmpty == (code == 0))
      }
    }
  }

  @Test("doctor shows a forced kernel level")
  func forcedLevel() throws {
    try withRun(["doctor", "--json"], environment: ["SAM2_ISA": "scalar"]) { outcome, _ in
      let report = try outcome.json
      #expect(report["kernel_level"]?.string == "scalar")
    }
  }

  /// Multiply-accumulates of nano's image encoder, in 10^9: half of what PyTorch's counter of
  /// floating-point operations reports for the official code, less the savings of `merge-products`
  /// on the two finest levels, 64 x 64 and 32 x 32 cells.
  static let encoderWork =
    0.638932992 - 1e-9
    * (4096.0 * (32 * 192 + 192 * 24 - 32 * 24) + 1024.0 * (64 * 192 + 192 * 48 - 64 * 48))

  @Test("bench measures a picture, a click, a tracked frame, the graphs and their operators")
  func bench() throws {
    try withRun(["bench", "--runs", "1", "--operators", "--json"]) { outcome, _ in
      #expect(outcome.exitCode == 0, "\(outcome.errors)")
      let report = try outcome.json
      #expect(report["totals"]?.array?.count == 3)
      #expect(try report.requiredArray("operators").count > 50)
      #expect(try report.requiredDouble("load_ms") > 0)
      let graphs = try report.requiredArray("graphs")
      let names = graphs.compactMap { $0["name"]?.string }
      #expect(Set(["encode_image", "decode_masks", "attend_memory"]).isSubset(of: names))
      for graph in graphs {
        #expect(try graph.requiredDouble("p50_ms") > 0)
        #expect(try graph.requiredDouble("p50_ms") <= graph.requiredDouble("p95_ms"))
      }
      let encoder = try #require(graphs.first { $0["name"] == "encode_image" })
      let work = try encoder.requiredDouble("gmac_float32") + encoder.requiredDouble("gmac_int8")
      #expect(abs(work - Self.encoderWork) < 0.001 * Self.encoderWork)
    }
  }
}
