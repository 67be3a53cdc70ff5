import Bytes
import JSON
import TestSupport
import Testing

@Suite("Kernel levels")
struct KernelLevelTests {
  /// Emulated levels, and those with the same floats: all that differs is how bytes are multiplied.
  static let pairs = [
    ("amx-emulated", "scalar"), ("amx-emulated-tiles", "avx512-vnni"),
    ("avx-vnni-emulated", "avx2"),
  ]

  @Test("A whole model gives the same logits however bytes are multiplied", arguments: pairs)
  func sameLogits(_ emulated: String, _ level: String) throws {
    let levels = try withRun(["doctor", "--json"]) { outcome, _ in
      try outcome.json.requiredArray("kernel_levels").compactMap(\.string)
    }
    guard levels.contains(level) else { return }
    let logits = try logits(emulated)
    #expect(logits.count > 1000)
    #expect(try logits == self.logits(level))
  }

  /// Logits of the built-in model for the sample picture, as they were written.
  private func logits(_ level: String) throws -> [UInt8] {
    let scene = try Workplace.shared.get().scene
    return try withRun(
      [
        "segment", "\(scene)/picture.png", "--prompts", "\(scene)/prompts.json", "--save-logits",
        "logits.npy", "-o", "out",
      ], environment: ["SAM2_ISA": level]
    ) { outcome, folder in
      try expectSuccess(outcome)
      return fileBytes("\(folder)/logits.npy") ?? []
    }
  }
}
