import Glibc
import JSON
import TestSupport
import Testing

/// The behaviour that scripts rely on: JSON for every outcome, odd names, inputs that are not
/// files, allowances.
@Suite("The surface of sam2-convert")
struct ConvertSurfaceTests {
  private static func torch(_ name: String) -> String {
    fixturePath(name, target: "TorchCheckpointTests")
  }

  @Test(
    "A failure is an object with --json", arguments: ["inspect", "verify", "convert", "export"])
  func failuresAreObjects(command: String) throws {
    let path = ConvertSurfaceTests.torch("bad/pickle-os-system.pt")
    try withTemporaryFolder { folder in
      var arguments = [command, path, "--json"]
      if command == "convert" { arguments += ["-o", "out.sam2"] }
      if command == "export" { arguments += ["-o", "out.h5"] }
      let outcome = try Tool.convert.run(arguments, in: folder)
      #expect(outcome.exitCode == 65)
      let error = try outcome.json.required("error")
      #expect(try error.requiredInt("exit") == 65)
      let isModelCommand = command == "verify" || command == "export"
      #expect(
        try error.requiredString("code") == (isModelCommand ? "model.magic" : "pickle.global"))
      #expect(try error.requiredString("file") == path)
      #expect(outcome.errors.hasPrefix("error: "))
      #expect(folderNames(folder).isEmpty)
    }
  }

  @Test("Verification is reported as JSON") func verifyReports() throws {
    let model = try Workplace.shared.get().model
    let report = try Tool.convert.run(["verify", model, "--json", "-q"], in: "/").json
    #expect(report["whole"]?.bool == true)
    #expect(try report.requiredString("sha256").utf8.count == 64)
  }

  @Test("A dry run writes nothing") func dryRun() throws {
    try withTemporaryFolder { folder in
      let outcome = try Tool.convert.run(
        [Workplace.nano("nano.pt"), "-o", "out.sam2", "--dry-run", "--json"], in: folder)
      #expect(outcome.exitCode == 0)
      #expect(try outcome.json.requiredString("variant") == "nano")
      #expect(try outcome.json["output"] == nil)
      #expect(folderNames(folder).isEmpty)
    }
  }

  @Test("Another image size is warned of, recorded, and runs") func imageSize() throws {
    try withTemporaryFolder { folder in
      let outcome = try Tool.convert.run(
        [Workplace.nano("nano.pt"), "-o", "out.sam2", "--image-size", "160", "--json"], in: folder)
      try expectSuccess(outcome)
      #expect(try outcome.json.requiredInt("image_size") == 160)
      let warnings = try outcome.json.requiredArray("warnings")
      #expect(warnings.count == 1)
      #expect(outcome.errors.contains("warning: the image size is 160 instead of"))
      let listed = try Tool.convert.run(["inspect", "out.sam2", "--json"], in: folder)
      let recorded = try listed.json.required("metadata").required("input_resizing")
      #expect(try recorded.requiredInt("configured") == 256)
      #expect(recorded["accuracy"] == warnings.first)
      let verified = try Tool.convert.run(["verify", "out.sam2", "--run"], in: folder)
      try expectSuccess(verified)
      // As configured, there is nothing to warn of.
      let usual = try Tool.convert.run(
        [Workplace.nano("nano.pt"), "--dry-run", "--image-size", "256", "--json"], in: folder)
      #expect(try usual.json.requiredArray("warnings").isEmpty)
    }
  }

  @Test("Weights that are not numbers are warned of, or refused when asked") func values() throws {
    let model = try Workplace.shared.get().model
    try withTemporaryFolder { folder in
      try expectSuccess(
        Tool.convert.run(["export", "-q", model, "-o", "nan.safetensors"], in: folder))
      var bytes = try #require(fileBytes(folder + "/nan.safetensors"))
      // A float32 that is not a number, in place of the last one.
      bytes.replaceSubrange((bytes.count - 4)..., with: [0, 0, 0xC0, 0x7F])
      write(bytes, to: folder + "/nan.safetensors")
      let arguments = [
        "nan.safetensors", "--config", Workplace.nano("nano.yaml"), "--dry-run", "--json",
      ]
      let accepted = try Tool.convert.run(arguments, in: folder)
      #expect(accepted.exitCode == 0)
      #expect(try accepted.json.required("warnings").array?.count == 1)
      let refused = try Tool.convert.run(arguments + ["--strict-values"], in: folder)
      #expect(refused.exitCode == 65)
      #expect(try refused.json.required("error").requiredString("code") == "model.values")
    }
  }

  @Test("Names of any characters", arguments: ["a b.pt", "modèle 模型.pt", "-dash.pt", "'\".pt"])
  func oddNames(name: String) throws {
    let bytes = try #require(fileBytes(Workplace.nano("nano.pt")))
    try withTemporaryFolder { folder in
      write(bytes, to: "\(folder)/\(name)")
      let output = name + ".sam2"
      let outcome = try Tool.convert.run(
        ["-q", "--output=\(output)", "--", name], in: folder)
      #expect(outcome.exitCode == 0, "\(outcome.errors)")
      #expect(Set(folderNames(folder)) == [name, output])
    }
  }

  @Test("Inputs that are not files", arguments: ["folder", "fifo", "/dev/zero", "/proc/self/mem"])
  func noFiles(name: String) throws {
    try withTemporaryFolder { folder in
      mkdir(folder + "/folder", 0o700)
      mkfifo(folder + "/fifo", 0o600)
      for command in ["inspect", "verify"] {
        let outcome = try Tool.convert.run([command, name], in: folder, limits: ["-t 2"])
        // The kernel calls a process's memory an empty file.
        #expect(outcome.exitCode == (name == "/proc/self/mem" ? 65 : 66), "\(outcome.errors)")
      }
    }
  }

  @Test("Allowances") func allowances() throws {
    let cases = [
      ("extra/namespace.pt", "--ignore-extra", "argparse.Namespace"),
      ("bad/zip-crc-pickle.pt", "--allow-bad-crc", "t/data.pkl"),
    ]
    for (file, flag, name) in cases {
      let path = ConvertSurfaceTests.torch(file)
      let refused = try Tool.convert.run(["inspect", path], in: "/")
      #expect(refused.exitCode == 65)
      #expect(refused.errors.contains(flag), "\(refused.errors)")
      let accepted = try Tool.convert.run(["inspect", path, flag], in: "/")
      #expect(accepted.exitCode == 0 && accepted.output.contains(name), "\(accepted)")
    }
  }

  @Test("A link as the output is replaced, not followed") func linkedOutput() throws {
    try withTemporaryFolder { folder in
      write("precious", to: folder + "/target")
      symlink("target", folder + "/link.sam2")
      let arguments = [Workplace.nano("nano.pt"), "-q", "-o", "link.sam2"]
      let refused = try Tool.convert.run(arguments, in: folder)
      #expect(refused.exitCode == 73)
      try expectSuccess(Tool.convert.run(arguments + ["--force"], in: folder))
      #expect(fileBytes(folder + "/target") == Array("precious".utf8))
      try expectSuccess(Tool.convert.run(["verify", "-q", "link.sam2"], in: folder))
    }
  }
}
