import Glibc
import JSON
import TestSupport
import Testing

/// Reports of sam2-quantize, as a user gets them.
@Suite("Reports of sam2-quantize")
struct QuantizeReportTests {
  private func quantize(
    _ arguments: [String], in folder: String, limits: [String] = []
  ) throws -> Tool.Outcome {
    try Tool.quantize.run(
      [try Workplace.shared.get().model, "-o", "int8.sam2", "--report-frames", "4"] + arguments,
      in: folder, limits: limits)
  }

  private func report(in folder: String) throws -> JSONValue {
    try JSONValue(parsing: try #require(fileBytes("\(folder)/report/report.json")))
  }

  /// All members but the times.
  private func figures(_ report: JSONValue) -> JSONValue {
    .object((report.object ?? []).filter { $0.key != "timings" })
  }

  @Test("Without inputs the sample scene is used, and a second run gives the same figures")
  func sampleScene() throws {
    try withTemporaryFolder { folder in
      let first = try quantize(["--report", "report"], in: folder)
      #expect(first.exitCode == 0, "\(first.errors)")
      #expect(first.errors.contains("compared: int8.sam2 against nano.sam2"), "\(first.errors)")
      #expect(folderNames("\(folder)/report") == ["index.html", "report.json"])
      let before = try report(in: folder)
      #expect(try before.required("pictures").requiredString("origin") == "sample-scene")
      #expect(try before.required("clips").requiredString("origin") == "sample-scene")
      #expect(try before.required("verdict").requiredArray("gaps").count == 3)
      let provenance = try before.required("provenance")
      #expect(provenance["calibration"]?.isNull == true)
      let hash = try provenance.required("output").requiredString("sha256")
      let sum = try Tool.shell("sha256sum int8.sam2", "sh", in: folder).output
      #expect(sum.hasPrefix(hash))
      let refused = try quantize(["--report", "report"], in: folder)
      #expect(refused.exitCode == 73, "\(refused.errors)")
      // The command is a figure too.
      try withTemporaryFolder { other in
        try expectSuccess(quantize(["--report", "report"], in: other))
        let isSame = try figures(report(in: other)) == figures(before)
        #expect(isSame)
      }
    }
  }

  @Test("The report is about the pictures that calibration held out")
  func heldOut() throws {
    try withTemporaryFolder { folder in
      try Tool.makeFolder("\(folder)/photos")
      for seed in 1...4 {
        try expectSuccess(
          Tool.sam2.run(["sample", "-o", "s", "--seed", "\(seed)", "--frames", "1"], in: folder))
        rename("\(folder)/s/picture.png", "\(folder)/photos/<b>\(seed)&.png")
      }
      let outcome = try quantize(["--calibrate", "photos", "--report", "report"], in: folder)
      #expect(outcome.exitCode == 0, "\(outcome.errors)")
      let report = try report(in: folder)
      let pictures = try report.required("pictures")
      #expect(try pictures.requiredString("origin") == "held-out")
      let names = try pictures.requiredArray("pictures").map { try $0.requiredString("name") }
      #expect(names == ["<b>4&.png"])
      #expect(try report.required("clips").requiredString("origin") == "sample-scene")
      #expect(try !(#require(report["sensitivity"]?.array)).isEmpty)
      let tensors = try #require(report["tensors"]?.array)
      #expect(tensors.contains { $0["input_sqnr_db"]?.double != nil })
      let sources = try report.required("provenance").required("calibration")
        .requiredArray("sources")
      #expect(sources.map { $0["held_out"]?.bool } == [false, false, false, true])
      let page = String(decoding: fileBytes("\(folder)/report/index.html") ?? [], as: UTF8.self)
      #expect(page.contains("&lt;b&gt;4&amp;.png") && !page.contains("<b>"))
    }
  }

  @Test("Parts and early ends have reports too")
  func parts() throws {
    for (option, tracks) in [
      ("--image-only", false), ("--encoder-only", false), ("--optimize-only", true),
      ("--weights-only", true),
    ] {
      try withTemporaryFolder { folder in
        let scene = try Workplace.shared.get().scene
        let isCalibrated = option != "--optimize-only"
        let outcome = try quantize(
          [option, "--report", "report", "--no-sensitivity"]
            + (isCalibrated ? ["--calibrate", "\(scene)/picture.png"] : []), in: folder)
        #expect(outcome.exitCode == 0, "\(outcome.errors)")
        let report = try report(in: folder)
        let hasClips = try !report.required("clips").requiredArray("clips").isEmpty
        #expect(hasClips == tracks)
        let features = try report.required("pictures")["features_sqnr_db"]?.double
        // Features that were not rounded have next to no noise, or none at all.
        #expect(features.map { $0 > 40 } ?? (option == "--optimize-only"), "\(option)")
      }
    }
  }

  @Test("Nothing half-written is left")
  func refusals() throws {
    try withTemporaryFolder { folder in
      let disk = try quantize(["--report", "report", "-q"], in: folder, limits: ["-f 6000"])
      #expect([0, 74].contains(disk.exitCode), "\(disk.errors)")
      let full = try quantize(
        ["--report", "small", "-q", "--encoder-only", "--force"], in: folder, limits: ["-f 200"])
      #expect(full.exitCode == 74, "\(full.errors)")
      #expect(!folderNames(folder).contains { $0.hasPrefix("small") })
      for (arguments, code) in [
        (["--report", "missing/report"], 73), (["--report", "int8.sam2"], 64),
        (["--report", "r", "--dry-run"], 64), (["--report", "r", "--bisect"], 64),
        (["--report", "r", "--report-frames", "1"], 64),
      ] {
        let outcome = try quantize(arguments, in: folder)
        #expect(outcome.exitCode == Int32(code), "\(arguments): \(outcome.errors)")
      }
      #expect(Set(folderNames(folder)).isSubset(of: ["int8.sam2", "report"]))
    }
  }

  @Test("Ctrl-C leaves nothing half-written")
  func signals() throws {
    var random = SeededRandom(seed: 11)
    let model = try Workplace.shared.get().model
    for _ in 0..<3 {
      try withTemporaryFolder { folder in
        let outcome = try withTemporaryFolder { log in
          let running = try Tool.quantize.start(
            [model, "-o", "m.sam2", "--report", "report", "--report-frames", "2"], in: folder,
            log: log)
          usleep(UInt32(random.next() % 1_500_000))
          running.send(SIGINT)
          return running.wait()
        }
        #expect([0, 130].contains(outcome.exitCode), "\(outcome.errors)")
        #expect(Set(folderNames(folder)).isSubset(of: ["m.sam2", "report"]))
        if folderNames(folder).contains("report") {
          #expect(folderNames("\(folder)/report") == ["index.html", "report.json"])
        }
      }
    }
  }
}
