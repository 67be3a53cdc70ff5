import Bytes
import Glibc
import JSON
import TestSupport
import Testing

@testable import SAM2Jobs

@Suite("Lists of batches")
struct BatchManifestTests {
  private func withList(_ text: String, _ body: (BatchManifest) throws -> Void) throws {
    try withTemporaryFolder { folder in
      try write(text, to: "\(folder)/items.jsonl")
      try body(BatchManifest("\(folder)/items.jsonl"))
    }
  }

  @Test("Items are found again by number, with their lines")
  func items() throws {
    let text = "{\"id\": \"a\"}\r\n\n  {\"id\": \"b/c\", \"image\": \"x.png\"}\n{\"id\": \"d\"}"
    try withList(text) { list in
      #expect(list.count == 3)
      #expect((0..<3).map(list.line) == [1, 3, 4])
      let (second, third) = (try list.item(1), try list.item(2))
      #expect(second.json["image"]?.string == "x.png" && third.id == "d")
    }
  }

  @Test(
    "A list is refused whole, and the line is named",
    arguments: [
      ("{\"id\": \"a\"}\n{\"id\": \"a\"}\n", "batch.duplicate_id", ""),
      ("{\"id\": \"a/b\"}\n{\"id\": \"a\"}\n", "batch.nested_id", ""),
      ("{\"id\": \"a\"}\n{\"id\": \"../b\"}\n", "batch.id", "line 2"),
      ("{\"id\": \".hidden\"}\n", "batch.id", "line 1"),
      ("{\"id\": \"results.jsonl\"}\n", "batch.id", "line 1"),
      ("{\"id\": \"a\\u0007\"}\n", "batch.id", "line 1"), ("\n\n", "batch.empty", ""),
      ("{\"id\": 3}\n", "json.type", "line 1"), ("{\n", "json.syntax", "line 1"),
    ])
  func refusals(text: String, code: String, place: String) throws {
    do {
      try withList(text) { _ in Issue.record("accepted") }
    } catch let failure as Failure {
      #expect(failure.code.hasPrefix(code.hasPrefix("json") ? "json." : code), "\(failure)")
      #expect(place.isEmpty || failure.place?.hasPrefix(place) == true, "\(failure)")
    }
  }

  @Test("A list that changes while it is used is noticed")
  func changed() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/items.jsonl"
      try write("{\"id\": \"a\"}\n", to: path)
      // The same file, not another one under its name.
      let list = try BatchManifest(path)
      let file = try OutputDirectory(folder).appendable("items.jsonl")
      defer { close(file) }
      #expect(ftruncate(file, 4) == 0)
      #expect(throws: failure("batch.changed")) { try list.item(0) }
    }
  }
}
