import JSON
import TestSupport
import Testing

@Suite("What sam2 says about itself")
struct MachineTests {
  @Test(
    "help", arguments: [[], ["segment"], ["track"], ["doctor"], ["bench"], ["sample"], ["score"]])
  func help(_ command: [String]) throws {
    try withRun(command + ["--help"]) { outcome, _ in
      #expect(outcome.exitCode == 0)
      #expect(outcome.output.contains("USAGE: sam2"))
      #expect(outcome.errors == "")
    }
  }

  @Test("doctor names the kernels in use")
  func doctor() throws {
    try withRun(["doctor", "--json"]) { outcome, _ in
      let report = try outcome.json
      let levels = try report.requiredArray("kernel_levels").compactMap(\.string)
      #expect(levels.first == "scalar")
      #expect(try levels.contains(report.requiredString("kernel_level")))
      let peak = try report.required("peak_gmacs_per_core")
      #expect(try peak.requiredDouble("float32") > 0)
      #expect(try peak.requiredDouble("int8") > 0)
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
  /// floating-point operations says of the official code.
  static let encoderWork = 0.607475712

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
