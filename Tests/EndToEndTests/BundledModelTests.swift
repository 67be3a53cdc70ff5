import TestSupport
import Testing

@Suite("The bundled model")
struct BundledModelTests {
  /// Converting and quantising are deterministic, so the committed file has to equal a fresh one.
  @Test("is what the tools make of the checkpoint today: else run Scripts/make_bundled_model.sh")
  func isNotStale() throws {
    let workplace = try Workplace.shared.get()
    try withTemporaryFolder { folder in
      try expectSuccess(
        Tool.quantize.run([workplace.model, "-o", "fresh.sam2", "--quiet"], in: folder))
      let fresh = try #require(fileBytes("\(folder)/fresh.sam2"))
      let committed = try #require(
        fileBytes(sourcePath("Sources/Commands/CBundledModel/nano-int8.sam2")))
      // Not inside #expect, which lists the differences of two arrays, and takes hours for these.
      let isSame = fresh == committed
      #expect(isSame)
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

  private func sourcePath(_ name: String) -> String {
    #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
      .joined(separator: "/") + "/" + name
  }
}
