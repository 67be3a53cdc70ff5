import Bytes
import JSON
import TestSupport
import Testing

@Suite("sam2 segment --examples")
struct ExampleTests {
  private func example(_ scene: String, frames: [Int]) -> String {
    let items = frames.map { frame in
      JSONValue.object([
        ("image", .string("\(scene)/frames/\(name(frame))")),
        ("prompts", .array([["object": 4, "points": [[96, 84]]]])),
      ])
    }
    return JSONValue.object([("examples", .array(items))]).text()
  }

  private func name(_ frame: Int) -> String {
    let digits = String(frame)
    return String(repeating: "0", count: 5 - digits.count) + digits + ".jpg"
  }

  @Test(
    "Pictures that are not examples get masks, and the report states whether the object is there")
  func pictures() throws {
    let scene = try Workplace.shared.get().scene
    try withTemporaryFolder { folder in
      write(example(scene, frames: [0]), to: "\(folder)/marked.json")
      let outcome = try Tool.sam2.run(
        [
          "segment", "\(scene)/frames/\(name(0))", "\(scene)/frames/\(name(1))",
          "\(scene)/frames/\(name(2))", "--examples", "marked.json", "-o", "out", "--json",
        ], in: folder)
      try expectSuccess(outcome)
      let images = try outcome.json.requiredArray("images")
      #expect(images.count == 2)
      #expect(folderNames("\(folder)/out").sorted() == ["00001.png", "00002.png"])
      for image in images {
        let answers = try image.requiredArray("prompts")
        #expect(answers.count == 1)
        #expect(try answers[0].requiredInt("object") == 4)
        #expect(
          try answers[0].requiredBool("present") == (answers[0].requiredDouble("object_score") > 0))
      }
      let notices = try outcome.json.requiredArray("notices")
      #expect(try notices.contains { try $0.requiredString("code") == "examples.pictures" })
    }
  }

  @Test("A batch finds the same masks, picture by picture")
  func batch() throws {
    let scene = try Workplace.shared.get().scene
    try withTemporaryFolder { folder in
      write(example(scene, frames: [0, 3]), to: "\(folder)/marked.json")
      let pictures = [1, 2].map { "\(scene)/frames/\(name($0))" }
      let items = pictures.enumerated().map { index, picture in
        JSONValue.object([
          ("id", .string("\(index)")), ("image", .string(picture)), ("examples", "marked.json"),
        ]).text() + "\n"
      }
      write(items.joined(), to: "\(folder)/items.jsonl")
      try expectSuccess(
        Tool.sam2.run(["batch", "items.jsonl", "-o", "batch", "--format", "png"], in: folder))
      try expectSuccess(
        Tool.sam2.run(
          ["segment"] + pictures + ["--examples", "marked.json", "-o", "single"], in: folder))
      for index in [1, 2] {
        let ours = try #require(fileBytes("\(folder)/batch/\(index - 1)/0.png"))
        #expect(ours == fileBytes("\(folder)/single/\(name(index).dropLast(4)).png"))
      }
      let lines = String(
        decoding: try #require(fileBytes("\(folder)/batch/results.jsonl")), as: UTF8.self)
      for line in lines.split(separator: "\n") {
        let prompt = try JSONValue(parsing: Array(line.utf8)).requiredArray("prompts")[0]
        #expect(try prompt.requiredInt("object") == 4)
        #expect(
          try prompt.requiredBool("present") == (prompt.requiredDouble("object_score") > 0))
      }
    }
  }

  @Test(
    "Wrong files end in one error",
    arguments: [
      (#"{"examples": []}"#, 65, "examples.count"),
      (
        #"{"examples": [{"image": "a.png", "prompts": [{"points": [[1, 1]]}], "x": 1}]}"#, 65,
        "examples.member"
      ),
      (
        #"{"examples": [{"image": "a.png", "prompts": [{"points": [[1, 1]], "multimask": true}]}]}"#,
        65, "examples.multimask"
      ),
      (#"{"examples": [{"image": "a.png", "prompts": []}]}"#, 65, "prompts.empty"),
      (
        #"{"examples": [{"image": "missing.png", "prompts": [{"points": [[1, 1]]}]}]}"#, 66,
        "file.missing"
      ),
    ])
  func refusals(_ text: String, _ status: Int, _ code: String) throws {
    let scene = try Workplace.shared.get().scene
    try withTemporaryFolder { folder in
      write(text, to: "\(folder)/marked.json")
      let outcome = try Tool.sam2.run(
        ["segment", "\(scene)/picture.png", "--examples", "marked.json", "-o", "out", "--json"],
        in: folder)
      #expect(outcome.exitCode == Int32(status), "\(outcome.errors)")
      #expect(try outcome.json.required("error")["code"]?.string == code)
      #expect(!folderNames(folder).contains("out"))
    }
  }
}
