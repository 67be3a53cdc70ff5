import GoldenPrompt
import Graph
import JSON
import ModelFile
import Tensors
import TestSupport
import Testing

@Suite("The bundled model")
struct BundledModelTests {
  /// Converting and quantising are deterministic, so the committed file has to equal a fresh one; but
  /// for the run it records, whose last bits depend on the kernel level.
  @Test("is what the tools make of the checkpoint today: else run Scripts/make_bundled_model.sh")
  func isNotStale() throws {
    let workplace = try Workplace.shared.get()
    try withTemporaryFolder { folder in
      try expectSuccess(
        Tool.quantize.run([workplace.model, "-o", "fresh.sam2", "--quiet"], in: folder))
      let fresh = try ModelFile.open("\(folder)/fresh.sam2")
      let committed = try ModelFile.open(
        sourcePath("Sources/Commands/CBundledModel/nano-int8.sam2"))
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
    let committed = try #require(
      fileBytes(sourcePath("Sources/Commands/CBundledModel/nano-int8.sam2")))
    try withRun(["doctor", "--json"]) { outcome, _ in
      try expectSuccess(outcome)
      #expect(outcome.output.contains("\(committed.count)"))
    }
  }

  /// Metadata without the run, and without the hash of the source, which records one too.
  private func comparable(_ metadata: JSONValue) -> JSONValue {
    .object(
      (GoldenPrompt.shortened(metadata).object ?? []).map { key, value in
        guard key == "quantization", let members = value.object else { return (key, value) }
        return (key, .object(members.filter { $0.key != "source_sha256" }))
      })
  }

  private func sourcePath(_ name: String) -> String {
    #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
      .joined(separator: "/") + "/" + name
  }
}
