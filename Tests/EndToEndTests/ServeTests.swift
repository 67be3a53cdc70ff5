import Glibc
import JSON
import Media
import TestSupport
import Testing

@Suite("sam2 serve")
struct ServeTests {
  @Test("answers as sam2 segment does, and ends well", arguments: [SIGTERM, SIGINT])
  func wholeWay(signal: Int32) throws {
    let scene = try Workplace.shared.get().scene
    try withTemporaryFolder { folder in
      try expectSuccess(
        Tool.sam2.run(
          [
            "segment", "\(scene)/picture.png", "--point", "152,200", "--best", "--format", "coco",
            "-o", "masks",
          ], in: folder))
      let file = try JSONValue(parsing: fileBytes("\(folder)/masks/coco.json") ?? [])
      let expected = try file.requiredArray("annotations")[0].required("segmentation")

      let outcome = try ServingTool.with(
        ["serve", "--port", "0", "--media", scene, "--cache", "cache", "-q"], in: folder,
        endingWith: signal
      ) { server in
        let health = try server.request("GET", "/health")
        #expect(health.status == 200)
        #expect(try health.json["status"]?.string == "UP")
        let page = try server.request("GET", "/")
        #expect(page.status == 200 && page.headers["content-type"]?.hasPrefix("text/html") == true)
        let opened = try server.request("POST", "/api/images", ["path": "picture.png"])
        #expect(opened.status == 201)
        let id = try opened.json.requiredString("id")
        let answer = try server.request(
          "POST", "/api/images/\(id)/predict", ["points": [[152, 200]]]
        ).json
        let best = try #require(answer["best"]?.int)
        #expect(answer["masks"]?[best]?["counts"] == expected["counts"])
      }
      #expect(outcome.exitCode == 0, "\(outcome.errors)")
      #expect(outcome.errors.isEmpty, "\(outcome.errors)")
      #expect(folderNames("\(folder)/cache/sessions").count == 1)

      // The next server knows the sessions that the first has stored.
      let again = try ServingTool.with(
        ["serve", "--port", "0", "--media", scene, "--cache", "cache", "-q"], in: folder
      ) { server in
        let images = try server.request("GET", "/api/images").json
        #expect(images["images"]?.array?.count == 1)
      }
      #expect(again.exitCode == 0, "\(again.errors)")
    }
  }

  @Test(
    "refuses what would let others in, and what cannot be",
    arguments: [
      (["--host", "0.0.0.0"], 64, "token"), (["--token", "short"], 64, "token"),
      (["--media", "nowhere"], 66, "nowhere"), (["--jobs", "0"], 64, "--jobs"),
      (["--port", "70000"], 64, "port"),
    ])
  func refusals(_ more: [String], _ code: Int32, _ word: String) throws {
    try withRun(["serve"] + more) { outcome, _ in
      #expect(outcome.exitCode == code, "\(outcome.errors)")
      #expect(outcome.errors.contains(word) && outcome.output.isEmpty, "\(outcome.errors)")
    }
  }
}

@Suite("sam2 kdenlive")
struct KdenliveTests {
  /// Runs the command with `lines` on its standard input, over three frames of the sample clip.
  private func run(
    _ lines: String, _ options: String = "", body: (Tool.Outcome, _ folder: String) throws -> Void
  ) throws {
    let scene = try Workplace.shared.get().scene
    try withTemporaryFolder { folder in
      for name in ["in", "out", "masks"] { try Tool.makeFolder("\(folder)/\(name)") }
      for frame in 0..<3 {
        let picture = try ImageReader.read("\(scene)/frames/0000\(frame).jpg")
        write(try JPEGWriter.encode(picture), to: "\(folder)/in/\(frame).jpg")
      }
      let line = "printf '\(lines)' | \"$0\" kdenlive -I in -O out \(options)"
      try body(Tool.shell(line, Tool.sam2.path, in: folder), folder)
    }
  }

  @Test("previews, renders and ends as Kdenlive expects it")
  func wholeWay() throws {
    try run("preview=-F 0 -P 0=96,84 -L 0=1\\nrender=masks\\n") { outcome, folder in
      #expect(outcome.exitCode == 0, "\(outcome.errors)")
      let lines = outcome.output.split(separator: "\n").filter { !$0.hasPrefix("INFO:") }
      #expect(lines == ["preview ok 0", "mask ok"], "\(outcome.output)")
      #expect(outcome.errors.contains("100%|"))
      #expect(folderNames("\(folder)/out") == ["preview-00000.png"])
      #expect(folderNames("\(folder)/masks") == ["00000.png", "00001.png", "00002.png"])
    }
  }

  @Test("converts the checkpoint that Kdenlive names, once")
  func conversion() throws {
    let checkpoint = fileBytes(Workplace.nano("nano.pt")) ?? []
    let frames = try Workplace.shared.get().scene + "/frames"
    try withTemporaryFolder { folder in
      write(checkpoint, to: "\(folder)/m.pt")
      write("nothing", to: "\(folder)/bad.pt")
      for name in ["in", "out"] { try Tool.makeFolder("\(folder)/\(name)") }
      let picture = try ImageReader.read("\(frames)/00000.jpg")
      write(try JPEGWriter.encode(picture), to: "\(folder)/in/0.jpg")
      func answer(_ model: String) throws -> Tool.Outcome {
        let line =
          "printf 'preview=-F 0 -P 0=96,84 -L 0=1\\nq\\n' | "
          + "\"$0\" kdenlive -I in -O out -M \(model) -C configs/sam2.1/sam2.1_hiera_t.yaml"
        return try Tool.shell(line, Tool.sam2.path, in: folder)
      }
      for (model, isConverted) in [("m.pt", true), ("m.pt", false), ("bad.pt", false)] {
        let outcome = try answer(model)
        #expect(outcome.exitCode == 0, "\(outcome.errors)")
        #expect(outcome.output.contains("INFO:m.sam2 is there") == isConverted)
        #expect(outcome.output.contains("preview ok 0"))
        let isRefused = outcome.output.contains("INFO:bad.pt cannot be converted")
        #expect(isRefused == (model == "bad.pt"))
      }
      #expect(folderNames(folder) == ["bad.pt", "in", "m.pt", "m.sam2", "out"])
    }
  }

  @Test("ends on request, and when Kdenlive has closed the channel", arguments: ["q\\n", ""])
  func ending(_ lines: String) throws {
    try run(lines) { outcome, _ in #expect(outcome.exitCode == 0, "\(outcome.errors)") }
  }

  @Test("reports a mistake, with an exit code other than 0")
  func refusal() throws {
    try run("render=masks\\n") { outcome, folder in
      #expect(outcome.exitCode == 64 && outcome.errors.contains("nothing is marked"))
      #expect(folderNames("\(folder)/masks").isEmpty)
    }
  }
}
