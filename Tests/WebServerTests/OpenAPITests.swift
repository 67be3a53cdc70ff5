import Bytes
import Endpoints
import JSON
import Media
import SampleScene
import TestSupport
import Testing
import Workbench

/// The description of the API lists what there is, and its examples work.
@Suite("The OpenAPI file", .serialized)
struct OpenAPITests {
  private static let document = Result { () throws -> JSONValue in
    let path =
      #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
      .joined(separator: "/") + "/Formats/serve-api.json"
    return try JSONValue(parsing: fileBytes(path) ?? [])
  }

  private static func operations() throws -> [(method: String, path: String, json: JSONValue)] {
    (try document.get()["paths"]?.object ?? []).flatMap { path, item in
      (item.object ?? []).map { ($0.key.uppercased(), path, $0.value) }
    }
  }

  @Test("has the endpoints of the server, and no others")
  func complete() throws {
    let workbench = try LiveServer.workbench()
    defer { workbench.stop() }
    let there = AllEndpoints(workbench).endpoints
      .map { "\($0.method.rawValue) \($0.path)" }
      .filter { !$0.hasPrefix("GET /page/") && $0 != "GET /" }
    let described = try Self.operations().map { "\($0.method) \($0.path)" }
    #expect(there.sorted() == described.sorted())
  }

  @Test("names the endpoints that need no token")
  func tokens() throws {
    let workbench = try LiveServer.workbench()
    defer { workbench.stop() }
    let described = try Self.operations()
    for endpoint in AllEndpoints(workbench).endpoints where endpoint.path.hasPrefix("/api") {
      #expect(!endpoint.isPublic, "\(endpoint.path)")
    }
    let open = described.filter { $0.json["security"]?.array?.isEmpty == true }.map(\.path)
    #expect(open == ["/health"])
  }

  @Test("has examples that are answered as described")
  func examples() async throws {
    let folder = try withTemporaryFolder { $0 }
    defer { _ = try? OutputDirectory("/").remove(String(folder.dropFirst())) }
    _ = try OutputDirectory("\(folder)/clip", creating: true)
    try PictureFile.write(LiveServer.png(), to: "\(folder)/picture.png")
    let clip = SampleScene(seed: 5).clip(width: 128, height: 96)
    for frame in 0..<3 {
      try PNGWriter.write(clip.frame(frame).image, to: "\(folder)/clip/0000\(frame).png")
    }
    try await LiveServer.with(media: folder) { server in
      var ids: [String: String] = [:]
      var count = 0
      for (method, path, json) in try Self.operations() {
        guard let content = json["requestBody"]?["content"]?["application/json"],
          let example = content["example"]
        else { continue }
        let kind = String(path.split(separator: "/")[1])
        let address = path.replacing("{id}", with: ids[kind] ?? "none")
        if path.hasSuffix("/images/{id}/export") { try mark(server, ids[kind]) }
        let reply = try await server.json(method, address, example)
        let expected = (json["responses"]?.object ?? []).map(\.key).filter { $0.hasPrefix("2") }
        #expect(expected.contains("\(reply.status)"), "\(method) \(path): \(reply.status)")
        if reply.status == 201 { ids[kind] = try reply.json["id"]?.string }
        if reply.status == 202, let job = try reply.json["id"]?.string {
          _ = try await server.send("GET", "/api/jobs/\(job)/events")
        }
        count += 1
      }
      #expect(count == 13)
    }
  }

  /// Puts an object into the picture, for an example that exports.
  private func mark(_ server: LiveServer, _ id: String?) throws {
    let session = try server.workbench.pictures.session(id ?? "")
    let mask = BinaryMask(
      width: 160, height: 120, bits: (0..<160 * 120).map { $0.isMultiple(of: 7) })
    try server.workbench.pictures.setObjects(
      [["id": 1, "counts": .string(RunLengthMask(mask).cocoCounts)]], of: session, revision: nil)
  }
}
