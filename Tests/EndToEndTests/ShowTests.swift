import Glibc
import JSON
import TestSupport
import Testing

@Suite("--show")
struct ShowTests {
  /// A desktop whose only program notes what it is asked to open, and ends with `code`.
  private func desktop(in folder: String, endingWith code: Int = 0) throws -> [String: String] {
    try Tool.makeFolder("\(folder)/bin")
    let program = "\(folder)/bin/xdg-open"
    write("#!/bin/sh\necho \"$1\" >> '\(folder)/opened'\nexit \(code)\n", to: program)
    chmod(program, 0o700)
    let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
    return ["PATH": "\(folder)/bin:\(path)", "DISPLAY": ":0"]
  }

  private func opened(_ folder: String) -> String {
    String(decoding: fileBytes("\(folder)/opened") ?? [], as: UTF8.self)
  }

  @Test("opens the one picture with its masks, or the folder of several")
  func pictures() throws {
    let picture = "\(try Workplace.shared.get().scene)/picture.png"
    try withTemporaryFolder { folder in
      let environment = try desktop(in: folder)
      try expectSuccess(
        Tool.sam2.run(
          ["segment", picture, "--point", "152,200", "-o", "one", "--show"], in: folder,
          environment: environment))
      #expect(opened(folder) == "one/picture_overlay.png\n")
      #expect(exists("\(folder)/one/picture_overlay.png"))
      let outcome = try Tool.sam2.run(
        [
          "auto", picture, Workplace.nano("still.png"), "--points-per-side", "2", "-o", "all",
          "--show",
        ], in: folder, environment: environment)
      try expectSuccess(outcome)
      #expect(opened(folder) == "one/picture_overlay.png\nall\n")
    }
  }

  @Test("reports a desktop without a suitable program; the results are there")
  func noViewer() throws {
    let picture = "\(try Workplace.shared.get().scene)/picture.png"
    try withTemporaryFolder { folder in
      let outcome = try Tool.sam2.run(
        ["segment", picture, "--point", "152,200", "-o", "out", "--show"], in: folder,
        environment: desktop(in: folder, endingWith: 3))
      #expect(outcome.exitCode == 74 && outcome.errors.contains("picture_overlay.png"))
      #expect(exists("\(folder)/out/picture.png"))
    }
  }

  @Test("without a desktop serves the page with the picture and its objects")
  func picturePage() throws {
    let picture = "\(try Workplace.shared.get().scene)/picture.png"
    try withTemporaryFolder { folder in
      let outcome = try ServingTool.with(
        [
          "segment", picture, "--point", "152,200", "--best", "--format", "coco", "-o", "out",
          "--show",
        ],
        in: folder, endingWith: SIGINT
      ) { server in
        let file = try JSONValue(parsing: fileBytes("\(folder)/out/coco.json") ?? [])
        let mask = try file.requiredArray("annotations")[0].required("segmentation")
        let id = try #require(server.address.split(separator: "#").last)
        let shown = try server.request("GET", "/api/images/\(id)").json
        #expect(shown["name"]?.string == "picture.png")
        #expect(shown["objects"]?[0]?["counts"] == mask["counts"])
        let point = shown["objects"]?[0]?["points"]?[0]?.array?.compactMap(\.double)
        #expect(point == [152, 200])
      }
      #expect(outcome.exitCode == 0, "\(outcome.errors)")
    }
  }

  @Test("without a desktop serves the page with the tracked video, which can be tracked on")
  func videoPage() throws {
    let scene = try Workplace.shared.get().scene
    try withTemporaryFolder { folder in
      let outcome = try ServingTool.with(
        ["track", "\(scene)/frames", "--point", "96,84", "-o", "out", "--show"], in: folder
      ) { server in
        let id = try #require(server.address.split(separator: "#").last)
        let video = try server.request("GET", "/api/videos/\(id)").json
        #expect(video["frames"]?.int == Workplace.frameCount && video["objects"] == [1])
        #expect(video["lanes"]?[0]?["frames"]?.array?.count == Workplace.frameCount)
        let job = try server.request("POST", "/api/videos/\(id)/propagate", ["frames": 1])
        #expect(job.status == 202)
      }
      #expect(outcome.exitCode == 0, "\(outcome.errors)")
      #expect(folderNames("\(folder)/out").count == Workplace.frameCount)
    }
  }
}
