import Graph
import JSON
import ModelFile
import Tensors
import TestSupport
import Testing

/// The run that a file records: the tools write it, compare it, and report files without one.
@Suite("The golden prompt")
struct GoldenTests {
  /// A copy of the float model in `folder`, whole by every hash, with one tensor halved.
  private func writeDamaged(to folder: String) throws {
    var model = try ModelFile.open(Workplace.shared.get().model)
    let name = "memory_attention.layers.0.linear1.weight"
    let tensor = try #require(model.weights[name])
    model.weights.set(name, Tensor(tensor.floats().map { $0 / 2 }, shape: tensor.shape))
    try ModelFile.write(model, to: "\(folder)/damaged.sam2", replaceExisting: false)
  }

  @Test(
    "A file computes the results that it recorded when it was written",
    arguments: ["float", "int8"])
  func agrees(_ kind: String) throws {
    let workplace = try Workplace.shared.get()
    let file = kind == "float" ? workplace.model : Workplace.bundled
    let outcome = try Tool.convert.run(["verify", file, "--run", "--json", "-q"], in: "/")
    try expectSuccess(outcome)
    let run = try outcome.json.required("run")
    #expect(try run.requiredBool("agrees"))
    let integers = try run.requiredArray("graphs").map { $0["same_integers"] ?? .null }
    #expect(integers.contains(.bool(true)) == (kind == "int8"))
  }

  @Test("A tensor that was changed is found by running, not by hashes")
  func damage() throws {
    try withTemporaryFolder { folder in
      try writeDamaged(to: folder)
      try expectSuccess(Tool.convert.run(["verify", "damaged.sam2"], in: folder))
      let outcome = try Tool.convert.run(["verify", "damaged.sam2", "--run", "--json"], in: folder)
      #expect(outcome.exitCode == 65)
      let error = try outcome.json.required("error")
      #expect(try error.requiredString("code") == "golden.differs")
      #expect(try error.requiredString("place") == "graph attend_memory")
      let picture = "\(try Workplace.shared.get().scene)/picture.png"
      for arguments in [
        ["doctor", "--model", "damaged.sam2"],
        [
          "segment", picture, "--point", "9,9", "-o", "out", "--model", "damaged.sam2",
          "--check-model",
        ],
      ] {
        let outcome = try Tool.sam2.run(arguments, in: folder)
        #expect(outcome.exitCode == 65)
        #expect(outcome.errors.contains("graph attend_memory"), "\(outcome.errors)")
      }
      #expect(folderNames(folder) == ["damaged.sam2"])
    }
  }

  @Test("Verifying a file without a record is an error") func missing() throws {
    try withTemporaryFolder { folder in
      let conversion = [
        Workplace.nano("nano.pt"), "--config", Workplace.nano("nano.yaml"), "-o", "bare.sam2",
        "--no-golden", "-q",
      ]
      try expectSuccess(Tool.convert.run(conversion, in: folder))
      try expectSuccess(Tool.convert.run(["verify", "bare.sam2"], in: folder))
      let outcome = try Tool.convert.run(["verify", "bare.sam2", "--run"], in: folder)
      #expect(outcome.exitCode == 65)
      #expect(outcome.errors.contains("no golden prompt"), "\(outcome.errors)")
    }
  }

  @Test("doctor runs a model") func doctor() throws {
    let model = try Workplace.shared.get().model
    let outcome = try Tool.sam2.run(["doctor", "--model", model, "--json"], in: "/")
    try expectSuccess(outcome)
    let check = try outcome.json.required("check")
    #expect(try check.requiredString("model") == model)
    for level in try check.requiredArray("levels") {
      #expect(try level.required("run").requiredBool("agrees"))
    }
  }
}
