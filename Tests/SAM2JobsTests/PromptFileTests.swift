import Bytes
import JSON
import SAM2
import TestSupport
import Testing

@testable import SAM2Jobs

@Suite("Prompt files")
struct PromptFileTests {
  private func prompts(_ text: String) throws -> [RequestedPrompt] {
    try withTemporaryFolder { folder in
      try write("{\"prompts\": \(text)}", to: "\(folder)/prompts.json")
      return try PromptFile.read("\(folder)/prompts.json")
    }
  }

  @Test("Prompts are numbered, and labels are 1 unless given")
  func defaults() throws {
    let found = try prompts(
      """
      [{"points": [[1, 2], [3, 4.5]]}, {"box": [0, 1, 2, 3], "object": 7, "multimask": true},
       {"points": [[5, 6]], "labels": [0], "box": null, "mask": "/m.png"}]
      """)
    #expect(found.map(\.object) == [1, 7, 3])
    #expect(found[0].points.map(\.label) == [1, 1] && found[0].points[1].y == 4.5)
    #expect(found[1].box?.y1 == 3 && found[1].multimask == true)
    #expect(found[2].points.map(\.label) == [0] && found[2].box == nil)
    #expect(found[2].maskFile == "/m.png" && found[0].multimask == nil)
  }

  @Test("A mask's relative name starts at the folder of the file")
  func maskFolder() throws {
    let list = try JSONValue(parsing: "[{\"mask\": \"m.png\"}]").array ?? []
    #expect(try PromptFile.prompts(list, folder: "a/b")[0].maskFile == "a/b/m.png")
  }

  @Test(
    "Refusals name the prompt",
    arguments: [
      ("[]", "prompts.empty", nil), ("[{}, 3]", "prompts.type", "prompts[1]"),
      ("[{\"point\": [[1, 2]]}]", "prompts.member", "prompts[0]"),
      ("[{\"points\": [[1]]}]", "prompts.type", "prompts[0]"),
      ("[{\"points\": [[1, 2]], \"labels\": [1, 1]}]", "prompts.labels", "prompts[0]"),
      ("[{\"box\": [1, 2, 3]}]", "prompts.type", "prompts[0]"),
      ("[{\"object\": 1.5}]", "prompts.type", "prompts[0]"),
    ] as [(String, String, String?)])
  func refusals(text: String, code: String, place: String?) throws {
    do {
      _ = try prompts(text)
      Issue.record("accepted")
    } catch let problem as Failure {
      #expect(problem.code == code && problem.place == place, "\(problem)")
      #expect(problem.file?.hasSuffix("prompts.json") == true)
    }
  }
}
