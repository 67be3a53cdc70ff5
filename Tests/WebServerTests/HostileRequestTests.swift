import Bytes
import Glibc
import JSON
import Media
import TestSupport
import Testing
import WebServer
import Workbench

/// Each request that somebody could mean harm with has its status and its code.
@Suite("Hostile requests", .serialized)
struct HostileRequestTests {
  private func expect(
    _ reply: RawClient.Reply, _ status: Int, _ code: String,
    _ location: SourceLocation = #_sourceLocation
  ) {
    #expect(reply.status == status, sourceLocation: location)
    #expect(reply.code == code, sourceLocation: location)
  }

  // MARK: - Origins

  @Test("of other names and origins are refused")
  func origins() async throws {
    try await LiveServer.with { server in
      let get = "/api/model"
      expect(try await server.send("GET", get, ["Host": "evil.example"]), 403, "serve.host")
      expect(
        try await server.send("GET", get, ["Host": "127.0.0.1.evil.example"]), 403, "serve.host")
      expect(try await server.send("GET", get, ["Host": ""]), 403, "serve.host")
      for host in ["localhost", "127.0.0.1:1", "[::1]:8765", "sam.localhost"] {
        let found1 = try await server.send("GET", get, ["Host": host]).status
        #expect(found1 == 200)
      }
      let own = "http://127.0.0.1:\(server.port)"
      let found2 = try await server.send("GET", get, ["Origin": own]).status
      #expect(found2 == 200)
      for origin in ["https://evil.example", "null", "http://127.0.0.1:1", own + ".evil.example"] {
        expect(try await server.send("GET", get, ["Origin": origin]), 403, "serve.origin")
        expect(
          try await server.json("POST", "/api/images", [:], ["Origin": origin]), 403, "serve.origin"
        )
      }
      for site in ["cross-site", "same-site"] {
        expect(try await server.send("GET", get, ["Sec-Fetch-Site": site]), 403, "serve.origin")
      }
      let found3 = try await server.send("GET", get, ["Sec-Fetch-Site": "same-origin"]).status
      #expect(found3 == 200)
    }
  }

  @Test("without the right token are refused")
  func tokens() async throws {
    try await LiveServer.with {
      $0.token = "open-sesame"
    } body: { server in
      let get = "/api/model"
      expect(try await server.send("GET", get), 401, "serve.token")
      expect(try await server.send("GET", "/nothing/here"), 401, "serve.token")
      for wrong in ["open-sesam", "open-sesame1", "", "Open-sesame"] {
        expect(
          try await server.send("GET", get, ["Authorization": "Bearer \(wrong)"]), 401,
          "serve.token")
      }
      let basic = "Basic " + Base64.encode(Array("me:open-sesame".utf8))
      for right in [
        ["Authorization": "Bearer open-sesame"], ["Token": "open-sesame"],
        ["Cookie": "a=b; sam2_token=open-sesame"], ["Authorization": basic],
      ] {
        let found4 = try await server.send("GET", get, right).status
        #expect(found4 == 200)
      }
      let found5 = try await server.send("GET", "/health").status
      #expect(found5 == 200)
      let signIn = try await server.send("GET", "/?token=open-sesame")
      #expect(signIn.status == 303)
      #expect(signIn.headers["set-cookie"]?.contains("HttpOnly; SameSite=Strict") == true)
    }
  }

  // MARK: - Paths

  @Test("for files outside of the media folder get nothing")
  func traversal() async throws {
    let png = try LiveServer.png()
    let folder = try withTemporaryFolder { $0 }
    _ = try OutputDirectory("\(folder)/media", creating: true)
    defer { _ = try? OutputDirectory("/").remove(String(folder.dropFirst())) }
    try PictureFile.write(png, to: "\(folder)/secret.png")
    symlink("../secret.png", "\(folder)/media/link.png")
    try await LiveServer.with(media: "\(folder)/media") { server in
      for path in ["../secret.png", "/etc/passwd", "a/../../secret.png", "..", "."] {
        expect(
          try await server.json("POST", "/api/images", ["path": .string(path)]), 400,
          "serve.media_path")
      }
      for path in ["link.png", "none.png"] {
        expect(
          try await server.json("POST", "/api/images", ["path": .string(path)]), 404,
          "serve.media_missing")
      }
      expect(try await server.send("GET", "/api/media?folder=../"), 400, "serve.media_path")
      expect(try await server.send("GET", "/api/media?folder=%2e%2e"), 400, "serve.media_path")
      expect(try await server.send("GET", "/../../etc/passwd"), 404, "serve.route")
      expect(try await server.send("GET", "/%2e%2e/etc/passwd"), 404, "serve.route")
      expect(try await server.send("GET", "/api/%ff"), 400, "serve.target")
      expect(try await server.send("GET", "/api/%0"), 400, "serve.target")
    }
  }

  @Test("for pictures of other hosts get nothing")
  func addresses() async throws {
    try await LiveServer.with { server in
      for url in [
        "http://127.0.0.1:\(server.port)/health", "http://evil.example/a.png",
        "http://pictures.example.evil.example/a.png",
      ] {
        expect(
          try await server.json("POST", "/api/images", ["url": .string(url)]), 403, "serve.address")
      }
      for url in [
        "file:///etc/passwd", "ftp://pictures.example/a", "http://me@pictures.example/a",
        "http:///a", "http://pictures.example\"/a", "http://pictures.example\\@evil.example/",
      ] {
        let reply = try await server.json("POST", "/api/images", ["url": .string(url)])
        #expect([400, 403].contains(reply.status))
        #expect(reply.code == "serve.address")
      }
    }
  }

  // MARK: - Bodies

  @Test("with pictures whose headers are false are refused")
  func pictures() async throws {
    var limits = WorkLimits()
    limits.pixels = 100_000
    try await LiveServer.with(limits: limits) { server in
      func upload(_ bytes: [UInt8]) async throws -> RawClient.Reply {
        try await server.send("POST", "/api/images", ["Content-Type": "image/png"], body: bytes)
      }
      let png = try LiveServer.png()
      var huge = png
      // The width in the header chunk, whose checksum is then wrong, and the same with the right one.
      huge.replaceSubrange(16..<20, with: [0x7F, 0xFF, 0xFF, 0xFF])
      let forged = try await upload(huge)
      #expect([400, 413].contains(forged.status))
      let large = try PNGWriter.encodeGray(
        [UInt8](repeating: 0, count: 1000 * 1000), width: 1000, height: 1000)
      expect(try await upload(large), 413, "image.too_large")
      expect(try await upload(Array("GIF89a".utf8)), 400, "image.format")
      // Its head is in order, so that it opens; the pixels are missing.
      let cut = try await upload(Array(png.prefix(200)))
      if cut.status == 201, let id = try cut.json["id"]?.string {
        expect(
          try await server.json("POST", "/api/images/\(id)/predict", ["points": [[1, 1]]]), 400,
          "image.damaged")
      } else {
        #expect(cut.status == 400)
      }
      #expect(server.workbench.pictures.embeddings.statistics.encodedCount == 0)
    }
  }

  @Test("with bodies that are too long or too slow are refused")
  func bodies() async throws {
    var limits = WorkLimits()
    limits.pictureBytes = 10_000
    try await LiveServer.with(limits: limits) {
      $0.bodySeconds = 1
      $0.slowestBytesPerSecond = 1_000_000
    } body: { server in
      let long = [UInt8](repeating: 0, count: 20_000)
      let type = ["Content-Type": "image/png"]
      expect(try await server.send("POST", "/api/images", type, body: long), 413, "serve.too_large")
      let chunked = try await server.raw(
        Array(
          ("POST /api/images HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\n"
            + "Transfer-Encoding: chunked\r\n\r\n4e20\r\n").utf8) + long + Array("\r\n".utf8))
      expect(chunked, 413, "serve.too_large")
      expect(try await server.send("GET", "/health", body: [1]), 413, "serve.too_large")
      let port = server.port
      let slow = try await LiveServer.onThread {
        let client = try RawClient(port: port)
        client.send(
          "POST /api/images HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\n"
            + "Content-Length: 5000\r\n\r\n")
        for _ in 0..<20 where client.send("a") { usleep(100_000) }
        return try client.reply()
      }
      expect(slow, 408, "serve.timeout")
    }
  }

  @Test("that are not HTTP do not end the server")
  func garbage() async throws {
    try await LiveServer.with { server in
      for text in [
        "\0\0\0\0", "GET / HTTP/9.9\r\n\r\n", "GET\r\n\r\n", "FOO /health HTTP/1.1\r\n\r\n",
        "GET /health HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "GET /health HTTP/1.1\r\nX: " + String(repeating: "a", count: 100_000) + "\r\n\r\n",
      ] {
        let reply = try? await server.raw(
          Array((text.hasSuffix("\r\n\r\n") ? text : text + "\r\n\r\n").utf8))
        #expect(reply.map { (400..<500).contains($0.status) } ?? true)
      }
      let found6 = try await server.send("GET", "/health").status
      #expect(found6 == 200)
    }
  }

  @Test(
    "with JSON that makes no sense are refused",
    arguments: [
      ("{", "json.syntax"), ("[]", "json.type"), ("{\"points\": 3}", "json.type"),
      ("{\"points\": [[1, 1]], \"labels\": []}", "serve.points"),
      ("{\"points\": [[1, 1]], \"labels\": [7]}", "json.type"),
      ("{\"points\": [[1e39, 1]]}", "json.type"),
      ("{\"points\": [[1e30, 1]]}", "prompt.coordinate"),
      ("{\"box\": [5, 5, 1, 1]}", "prompt.box_order"), ("{}", "prompt.empty"),
      ("{\"mask\": \"zzz\"}", "rle.text"),
      ("{\"previous\": {\"logits\": \"x\"}}", "serve.logits"),
      ("{\"points\": [[1, 1]], \"width\": 100000, \"height\": 100000}", "serve.size"),
      ("{\"points\": [[1, 1]], \"file\": \"/etc/passwd\"}", "json.member"),
    ])
  func json(_ text: String, _ code: String) async throws {
    try await LiveServer.with { server in
      let id = try await server.upload()
      let reply = try await server.send(
        "POST", "/api/images/\(id)/predict", ["Content-Type": "application/json"],
        body: Array(text.utf8))
      #expect(reply.status == 400)
      #expect(reply.code?.hasPrefix(code) == true, "\(reply.code ?? "no code")")
    }
  }

  // MARK: - Too much

  @Test("for things that do not exist get nothing")
  func unknown() async throws {
    try await LiveServer.with { server in
      for id in ["0", "..", "%2e%2e%2fsecret", String(repeating: "f", count: 32)] {
        expect(try await server.send("GET", "/api/images/\(id)"), 404, "serve.unknown_id")
        expect(try await server.send("GET", "/api/jobs/\(id)/events"), 404, "serve.unknown_id")
      }
      expect(try await server.send("DELETE", "/api/model"), 405, "serve.method")
      expect(try await server.send("GET", "/wp-admin.php"), 404, "serve.route")
    }
  }

  @Test("for more pictures and jobs than allowed are refused")
  func sessions() async throws {
    var limits = WorkLimits()
    (limits.pictures, limits.jobs) = (3, 1)
    try await LiveServer.with(limits: limits) { server in
      var ids: [String] = []
      for _ in 0..<3 { ids.append(try await server.upload()) }
      let more = try await server.send(
        "POST", "/api/images", ["Content-Type": "image/png"], body: LiveServer.png())
      expect(more, 429, "serve.sessions")
      let start = "/api/images/\(ids[0])/automatic"
      let found7 = try await server.json("POST", start, ["points_per_side": 128]).status
      #expect(found7 == 202)
      expect(try await server.json("POST", start, ["points_per_side": 128]), 429, "serve.jobs")
      let found8 = try await server.send("DELETE", "/api/images/\(ids[0])").status
      #expect(found8 == 204)
      let found9 = try await server.upload().count
      #expect(found9 == 32)
    }
  }
}
