import GoldenPrompt
import Graph
import JSON
import ModelFile
import Tensors
import TestSupport
import Testing

@Suite("The bundled model")
struct BundledModelTests {
  /// Converting and quantising are deterministic, so the committed file has to equal a fresh one,
  /// except for the run it records, whose last bits depend on the kernel level.
  @Test("is what the tools make of the checkpoint today: else run Scripts/make_bundled_model.sh")
  func isNotStale() throws {
    let workplace = try Workplace.shared.get()
    try compare(workplace.model, "nano-int8.sam2")
  }

  @Test("The same of the detector")
  func detectorIsNotStale() throws {
    try withTemporaryFolder { folder in
      try expectSuccess(
        Tool.convert.run([Workplace.shapes, "-o", "shapes.sam2", "--quiet"], in: folder))
      try compare("\(folder)/shapes.sam2", "shapes-int8.sam2")
    }
  }

  private func compare(_ model: String, _ name: String) throws {
    try withTemporaryFolder { folder in
      try expectSuccess(Tool.quantize.run([model, "-o", "fresh.sam2", "--quiet"], in: folder))
      let fresh = try ModelFile.open("\(folder)/fresh.sam2")
      let committed = try ModelFile.open(Workplace.bundled(name))
      #expect(fresh.graphs == committed.graphs)
      #expect(fresh.weights.names == committed.weights.names)
      for name in fresh.weights.names {
        let (mine, theirs) = (fresh.weights[name], committed.weights[name])
        #expect(mine?.dtype == theirs?.dtype)
        // Not inside #expect, which lists the differences of two arrays, and takes hours for these.
        let isSame = mine?.floats() == theirs?.floats()
        #expect(isSame, "\(name)")
      }
      #expect(comparable(fresh.metadata) == comparable(committed.metadata))
      let agreement = try GoldenPrompt(metadata: fresh.metadata)
        .agreement(with: GoldenPrompt(metadata: committed.metadata))
      for graph in agreement { #expect(graph.isWithinTolerance, "\(graph)") }
    }
  }

  @Test("is inside the binary, as long as the committed file")
  func isEmbedded() throws {
    try withRun(["doctor", "--json"]) { outcome, _ in
      try expectSuccess(outcome)
      for (member, name) in [
        ("bundled_model", "nano-int8.sam2"), ("bundled_detector", "shapes-int8.sam2"),
      ] {
        let committed = try #require(fileBytes(Workplace.bundled(name)))
        let byteCount = try outcome.json.required(member).requiredInt("bytes")
        #expect(byteCount == committed.count)
      }
    }
  }

  /// Metadata without the run, and without the hash of the source, which records one too.
  private func comparable(_ metadata: JSONValue) -> JSONValue {
    .object(
      (GoldenPrompt.shortened(metadata).object ?? []).map { key, value in
        guard key == "quantization", let members = value.object else { return (key, value) }
        // The measurements depend on the kernel level, too.
        return (key, .object(members.filter { !["source_sha256", "agreement"].contains($0.key) }))
      })
  }
}
