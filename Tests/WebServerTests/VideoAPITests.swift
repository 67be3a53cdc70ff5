import Bytes
import Glibc
import JSON
import Media
import SAM2
import SampleScene
import TestSupport
import Testing
import Workbench
import Zip

@Suite("The server's API for videos", .serialized)
struct VideoAPITests {
  private static let frameCount = 6
  private static let clip = SampleScene(seed: 5).clip(width: 128, height: 96)

  /// Runs `body` with a server whose media folder has the frames of the sample clip in `clip`.
  private func withClip(
    _ body: (LiveServer, _ id: String, _ folder: String) async throws -> Void
  ) async throws {
    let folder = try withTemporaryFolder { $0 }
    defer { _ = try? OutputDirectory("/").remove(String(folder.dropFirst())) }
    _ = try OutputDirectory("\(folder)/clip", creating: true)
    for frame in 0..<Self.frameCount {
      try PNGWriter.write(Self.clip.frame(frame).image, to: "\(folder)/clip/0000\(frame).png")
    }
    try await LiveServer.with(media: folder) { server in
      let opened = try await server.json("POST", "/api/videos", ["path": "clip"])
      #expect(opened.status == 201)
      let json = try opened.json
      #expect(json["frames"]?.int == Self.frameCount && json["width"]?.int == 128)
      try await body(server, try #require(json["id"]?.string), folder)
    }
  }

  private func prompt(_ frame: Int, _ object: Int) -> JSONValue {
    let mark = Self.clip.frame(frame).prompts[object - 1]
    return [
      "frame": .init(frame), "object": .init(object), "points": [[.init(mark.x), .init(mark.y)]],
    ]
  }

  /// Runs a job to its end.
  /// - Returns: its events.
  private func events(
    _ server: LiveServer, _ started: RawClient.Reply
  ) async throws -> String {
    #expect(started.status == 202)
    let job = try #require(try started.json["id"]?.string)
    let stream = try await server.send("GET", "/api/jobs/\(job)/events")
    return String(decoding: stream.body, as: UTF8.self)
  }

  @Test("opens, prompts, tracks both ways, corrects and exports as the library does")
  func wholeWay() async throws {
    try await withClip { server, id, _ in
      let path = "/api/videos/\(id)"
      for object in [1, 2] {
        let answer = try await server.json("POST", "\(path)/prompts", prompt(2, object))
        let found = try answer.json["objects"]?.array?.count
        #expect(found == object)
      }
      let forwards = try await events(server, server.json("POST", "\(path)/propagate", [:]))
      #expect(forwards.contains("event: frame\n") && forwards.contains("event: done\n"))
      _ = try await events(server, server.json("POST", "\(path)/propagate", ["reverse": true]))

      var options = VideoOptions()
      options.correctionsCondition = true
      let predictor = try VideoPredictor(
        server.workbench.model,
        frames: FrameList((0..<Self.frameCount).map { Self.clip.frame($0).image }),
        options: options)
      for object in [1, 2] {
        let mark = Self.clip.frame(2).prompts[object - 1]
        try predictor.addPoints(
          frame: 2, object: object, points: [.init(x: Float(mark.x), y: Float(mark.y))])
      }
      var expected: [Int: [String]] = [:]
      for isReverse in [false, true] {
        try predictor.propagate(reverse: isReverse) { result, _ in
          expected[result.frame] = result.masks().map { RunLengthMask($0.mask).cocoCounts }
          return true
        }
      }
      for frame in 0..<Self.frameCount {
        let masks = try await server.send("GET", "\(path)/masks/\(frame)").json
        let counts = masks["objects"]?.array?.compactMap { $0["counts"]?.string }
        #expect(counts == expected[frame], "frame \(frame)")
      }
      let lanes = try await server.send("GET", path).json["lanes"]
      #expect(lanes?[0]?["frames"]?.array?.count == Self.frameCount)

      let corrected = try await server.json("POST", "\(path)/prompts", prompt(4, 1))
      #expect(corrected.status == 200)
      let script = try await server.send("GET", "\(path)/script").json
      let verbs = script["actions"]?.array?.compactMap { $0["do"]?.string }
      #expect(
        verbs == ["add_points", "add_points", "propagate", "propagate", "add_points"])

      let export = try await server.json(
        "POST", "\(path)/export", ["formats": ["davis", "sav-json"]])
      let storage = ByteStorage(byteCount: export.body.count) { $0.copyBytes(from: export.body) }
      let names = try ZipArchive(storage).entries.map(\.name)
      #expect(names.contains("davis/00005.png") && names.contains { $0.hasPrefix("sav-json/") })
    }
  }

  @Test("shows frames, and removes prompts and objects")
  func editing() async throws {
    try await withClip { server, id, _ in
      let path = "/api/videos/\(id)"
      let frame = try await server.send("GET", "\(path)/frames/3?side=64")
      #expect(frame.headers["content-type"] == "image/jpeg")
      let picture = try ImageReader.decode(frame.body)
      #expect(picture.width == 64 && picture.height == 48)
      for object in [1, 2] {
        _ = try await server.json("POST", "\(path)/prompts", prompt(0, object))
      }
      let cleared = try await server.send("DELETE", "\(path)/prompts/0/1")
      #expect(cleared.status == 200)
      let found1 = try await server.send("DELETE", "\(path)/objects/1").status
      #expect(found1 == 204)
      let objects = try await server.send("GET", path).json["objects"]?.array?.compactMap(\.int)
      #expect(objects == [2])
      let found2 = try await server.send("DELETE", "\(path)/objects").status
      #expect(found2 == 204)
      let nothing = try await server.json("POST", "\(path)/propagate", [:])
      #expect(nothing.status == 409 && nothing.code == "serve.nothing_to_track")
      let movie = try await server.send("GET", "\(path)/overlay")
      #expect(movie.status == 410 && movie.code == "serve.stored")
      let empty = try await server.json("POST", "\(path)/export", ["formats": ["davis"]])
      #expect(empty.status == 409 && empty.code == "serve.nothing_to_export")
    }
  }

  @Test("shows the mask of a click before it, and refines that of earlier clicks")
  func previews() async throws {
    try await withClip { server, id, _ in
      let path = "/api/videos/\(id)"
      let encoded = try await server.json("POST", "\(path)/encode", ["frame": 1, "object": 1])
      #expect(encoded.status == 204)
      let mark = Self.clip.frame(1).prompts[0]
      let first: JSONValue = [.init(mark.x), .init(mark.y)]
      for points: JSONValue in [[first], [first, [5, 5]]] {
        let labels: JSONValue = points.array?.count == 1 ? [1] : [1, 0]
        let body: JSONValue = ["frame": 1, "object": 1, "points": points, "labels": labels]
        let seen = try await server.json("POST", "\(path)/preview", body).json
        let answer = try await server.json("POST", "\(path)/prompts", body).json
        #expect(seen == answer && seen["objects"]?.array?.count == 1)
      }
      let session = try await server.workbench.videos.session(id)
      let predictor = try VideoPredictor(
        server.workbench.model,
        frames: FrameList((0..<Self.frameCount).map { Self.clip.frame($0).image }))
      let point = Prompt.Point(x: Float(mark.x), y: Float(mark.y))
      try predictor.addPoints(frame: 1, object: 1, points: [point])
      let refined = try predictor.addPoints(
        frame: 1, object: 1, points: [point, .init(x: 5, y: 5, label: 0)])
      let counts = RunLengthMask(refined.masks()[0].mask).cocoCounts
      #expect(session.masks(1)["objects"]?[0]?["counts"]?.string == counts)
      let small = try await server.json(
        "POST", "\(path)/preview",
        ["frame": 1, "object": 2, "points": [first], "width": 32, "height": 24])
      let size = try small.json["size"]
      #expect(size == [24, 32])
      let known = try await server.send("GET", path).json["objects"]
      #expect(known == [1])
    }
  }

  @Test("keeps the names of objects")
  func names() async throws {
    try await withClip { server, id, _ in
      let path = "/api/videos/\(id)"
      _ = try await server.json("POST", "\(path)/prompts", prompt(0, 1))
      let names: JSONValue = [["object": 1, "name": "Übung"], ["object": 2, "name": "red car"]]
      let stored = try await server.json("PUT", "\(path)/names", ["names": names])
      #expect(stored.status == 200)
      let found = try await server.send("GET", path).json["names"]
      #expect(found == names)
      let twice = try await server.json(
        "PUT", "\(path)/names",
        ["names": [["object": 1, "name": "a"], ["object": 1, "name": "b"]]])
      #expect(twice.status == 400 && twice.code == "serve.object")
      _ = try await server.send("DELETE", "\(path)/objects/1")
      let rest = try await server.send("GET", path).json["names"]
      #expect(rest == [["object": 2, "name": "red car"]])
    }
  }

  @Test(
    "refuses what cannot be",
    arguments: [
      ("{\"frame\": 99, \"object\": 1, \"points\": [[1, 1]]}", 400, "track.frame"),
      ("{\"frame\": 0, \"object\": 0, \"points\": [[1, 1]]}", 400, "serve.object"),
      ("{\"frame\": 0, \"object\": 1}", 400, "prompt.empty"),
      ("{\"frame\": 0, \"object\": 1, \"mask\": \"1\"}", 400, "rle.counts"),
      ("{\"object\": 1, \"points\": [[1, 1]]}", 400, "json.missing"),
    ])
  func refusals(_ text: String, _ status: Int, _ code: String) async throws {
    try await withClip { server, id, _ in
      let reply = try await server.send(
        "POST", "/api/videos/\(id)/prompts", ["Content-Type": "application/json"],
        body: Array(text.utf8))
      #expect(reply.status == status && reply.code == code)
      let frame = try await server.send("GET", "/api/videos/\(id)/frames/99")
      #expect(frame.status == 400 && frame.code == "video.frame")
    }
  }

  @Test("refuses a folder with a frame that is a link")
  func links() async throws {
    try await withClip { server, _, folder in
      _ = try OutputDirectory("\(folder)/linked", creating: true)
      try PNGWriter.write(Self.clip.frame(0).image, to: "\(folder)/linked/00000.png")
      #expect(link(to: "../../etc/passwd", at: "\(folder)/linked/00001.png"))
      let reply = try await server.json("POST", "/api/videos", ["path": "linked"])
      #expect(reply.status == 400 && reply.code == "serve.media_link")
    }
  }
}

/// Makes a link; true when that worked.
private func link(to target: String, at path: String) -> Bool { symlink(target, path) == 0 }

@Suite("Videos of a server that is started again")
struct VideoRestartTests {
  @Test("are there with their masks, and can be tracked on")
  func restart() async throws {
    let folder = try withTemporaryFolder { $0 }
    defer { _ = try? OutputDirectory("/").remove(String(folder.dropFirst())) }
    let clip = SampleScene(seed: 5).clip(width: 128, height: 96)
    let frames = try (0..<4).map { try PNGWriter.encode(clip.frame($0).image) }
    let mark = clip.frame(0).prompts[0]
    let prompt = VideoPrompt(
      frame: 0, object: 1, points: [.init(x: Float(mark.x), y: Float(mark.y))])
    let first = try LiveServer.workbench(cache: folder)
    let session = try await first.videos.open(frames: frames)
    _ = try await first.videos.add(prompt, to: session)
    let job = try first.videos.track(session, TrackingRange(maxFrames: 1))
    for await _ in job.events(after: 0) {}
    let masks = session.masks(1)
    try first.videos.setNames([["object": 1, "name": "it"]], of: session)
    first.stop()

    let second = try LiveServer.workbench(cache: folder)
    defer { second.stop() }
    #expect(second.videos.list.count == 1)
    let again = try await second.videos.session(session.id)
    #expect(again.masks(1) == masks)
    #expect(again.json["names"] == [["object": 1, "name": "it"]])
    let rest = try second.videos.track(again, TrackingRange(start: 1))
    for await _ in rest.events(after: 0) {}
    #expect(rest.status == .done && again.masks(3)["objects"]?.array?.count == 1)
  }
}
