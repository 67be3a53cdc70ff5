import Bytes
import JSON
import Media
import SAM2
import SampleScene
import TestSupport
import Testing
import Workbench
import Zip

@Suite("The server's API for pictures", .serialized)
struct PictureAPITests {
  @Test("reports that it runs, what it has done, and which model it has")
  func service() async throws {
    try await LiveServer.with { server in
      let health = try await server.send("GET", "/health")
      #expect(health.status == 200)
      let found1 = try health.json["status"]?.string
      #expect(found1 == "UP")
      #expect(health.headers["x-content-type-options"] == "nosniff")
      let metrics = try await server.send("GET", "/metrics")
      let text = String(decoding: metrics.body, as: UTF8.self)
      #expect(text.contains("sam2_requests_total{route=\"/health\",status=\"200\"} 1\n"))
      #expect(text.contains("sam2_embedding_bytes{place=\"memory\"} 0.0\n"))
      let found2 = try await server.send("GET", "/api/model").json["image_size"]?.int
      #expect(found2 == 256)
      let head = try await server.send("HEAD", "/health")
      #expect(head.status == 200 && head.body.isEmpty)
    }
  }

  @Test("opens, encodes, predicts, refines, marks and exports")
  func wholeWay() async throws {
    try await LiveServer.with { server in
      let id = try await server.upload()
      let found3 = try await server.json("POST", "/api/images/\(id)/encode", [:]).status
      #expect(found3 == 200)
      let answer = try await server.json(
        "POST", "/api/images/\(id)/predict", ["points": [[60, 50]]])
      #expect(answer.status == 200)
      let json = try answer.json
      let best = try #require(json["best"]?.int)
      let counts = try #require(json["masks"]?[best]?["counts"]?.string)
      let predictor = ImagePredictor(server.workbench.model)
      try predictor.setImage(LiveServer.still.image)
      let expected = try predictor.predict(Prompt(points: [.init(x: 60, y: 50)]))
      #expect(counts == RunLengthMask(expected.mask(expected.best)).cocoCounts)

      let refined = try await server.json(
        "POST", "/api/images/\(id)/predict",
        [
          "points": [[60, 50], [10, 10]], "labels": [1, 0],
          "previous": ["logits": json["logits"] ?? .null, "mask": .init(best)],
        ])
      let found4 = try refined.json["masks"]?.array?.count
      #expect(found4 == 1)

      let saved = try await server.json(
        "PUT", "/api/images/\(id)/objects",
        ["objects": [["id": 1, "name": "it", "counts": .string(counts)]], "revision": 0])
      let found5 = try saved.json["revision"]?.int
      #expect(found5 == 1)
      let found6 = try await server.send("GET", "/api/images/\(id)").json["objects"]?.array?.count
      #expect(found6 == 1)

      let export = try await server.json(
        "POST", "/api/images/\(id)/export", ["formats": ["coco", "png"]])
      #expect(export.headers["content-type"] == "application/zip")
      let storage = ByteStorage(byteCount: export.body.count) { $0.copyBytes(from: export.body) }
      let names = try ZipArchive(storage).entries.map(\.name)
      #expect(names == ["coco/coco.json", "png/001/a.png"])
    }
  }

  @Test("sends the events of a job, and the rest of them to a client that lost them")
  func events() async throws {
    try await LiveServer.with { server in
      let id = try await server.upload()
      let started = try await server.json(
        "POST", "/api/images/\(id)/automatic", ["points_per_side": 8, "points_per_batch": 16])
      #expect(started.status == 202)
      let job = try #require(started.json["id"]?.string)
      let stream = try await server.send("GET", "/api/jobs/\(job)/events")
      let text = String(decoding: stream.body, as: UTF8.self)
      #expect(text.contains("id: 1\nevent: progress\ndata: {\"done\":16,\"total\":64}\n\n"))
      #expect(text.contains("event: done\n"))
      let rest = try await server.send(
        "GET", "/api/jobs/\(job)/events", ["Last-Event-ID": "4"])
      let late = String(decoding: rest.body, as: UTF8.self)
      #expect(late.contains("id: 5\nevent: done\n") && !late.contains("id: 4\n"))
      let found7 = try await server.send("GET", "/api/jobs/\(job)").json["status"]?.string
      #expect(found7 == "done")
    }
  }

  @Test("stops with a job at work and its listener connected")
  func stopping() async throws {
    var listener: Task<RawClient.Reply, any Error>?
    try await LiveServer.with { server in
      let id = try await server.upload()
      let started = try await server.json(
        "POST", "/api/images/\(id)/automatic", ["points_per_side": 256])
      let job = try #require(started.json["id"]?.string)
      listener = Task { try await server.send("GET", "/api/jobs/\(job)/events") }
      while server.workbench.scheduler.statistics.done[.encode] == nil,
        server.workbench.jobs.all.first?.status != .running
      { try await Task.sleep(for: .milliseconds(5)) }
    }
    // The connection may be cut before the last event is through.
    let reply = try? await listener?.value
    let text = String(decoding: reply?.body ?? [], as: UTF8.self)
    #expect(text.isEmpty || text.contains(": connected") || text.contains("event: cancelled"))
  }
}
