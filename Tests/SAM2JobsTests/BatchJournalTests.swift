import Bytes
import Glibc
import JSON
import JobSupport
import TestSupport
import Testing

@testable import SAM2Jobs

@Suite("Journals of batches")
struct BatchJournalTests {
  private func open(
    _ folder: String, count: Int = 3, start: BatchJob.Start = .refuse
  ) throws -> BatchJournal {
    let output = try OutputFolder("\(folder)/out")
    return try BatchJournal(output, output.create(), shard: nil, count: count, start: start)
  }

  private func line(_ number: Int, _ status: String = "done") -> JSONValue {
    [
      "id": .string("item \(number)"), "status": .string(status),
      "digest": .string("0000000000000\(100 + number)"),
    ]
  }

  /// Digests of the items as `line` writes them.
  private var positions: [UInt64: Int] {
    var positions: [UInt64: Int] = [:]
    for number in 0..<3 { positions[UInt64("\(100 + number)", radix: 16) ?? 0] = number }
    return positions
  }

  @Test("Results come in the order of the list, whatever the order of the work")
  func order() throws {
    try withTemporaryFolder { folder in
      let journal = try open(folder)
      for number in [2, 0, 1] {
        try journal.append(line(number), at: number, number != 1 ? .done : .failed)
      }
      #expect(journal.missing == [1] && journal.doneCount == 2)
      #expect(folderNames("\(folder)/out") == ["results.jsonl.part"])
      try journal.publish()
      let expected = (0..<3).map { line($0).text() + "\n" }.joined()
      #expect(fileBytes("\(folder)/out/results.jsonl") == Array(expected.utf8))
      #expect(folderNames("\(folder)/out") == ["results.jsonl"])
    }
  }

  @Test("A journal that was cut off resumes with its whole lines")
  func cutOff() throws {
    try withTemporaryFolder { folder in
      do {
        let journal = try open(folder)
        for number in 0..<2 { try journal.append(line(number), at: number, .done) }
      }
      let path = "\(folder)/out/results.jsonl.part"
      let bytes = try #require(fileBytes(path))
      #expect(truncate(path, off_t(bytes.count - 3)) == 0)
      let journal = try open(folder, start: .resume)
      #expect(journal.hasEarlierResults)
      try journal.load(positions: positions) { _ in true }
      #expect(journal.missing == [1, 2])
      for number in [1, 2] { try journal.append(line(number), at: number, .done) }
      try journal.publish()
      let expected = (0..<3).map { line($0).text() + "\n" }.joined()
      #expect(fileBytes("\(folder)/out/results.jsonl") == Array(expected.utf8))
    }
  }

  @Test("Of earlier results those hold whose digest is known and whose files exist")
  func takenOver() throws {
    try withTemporaryFolder { folder in
      do {
        let journal = try open(folder)
        for number in 0..<3 {
          try journal.append(
            line(number, number == 1 ? "failed" : "done"), at: number, number != 1 ? .done : .failed
          )
        }
        try journal.publish()
      }
      #expect(throws: failure("output.exists")) { try open(folder) }
      let journal = try open(folder, start: .resume)
      var known = positions
      known[0x102] = nil
      try journal.load(positions: known) { $0["id"]?.string != "item 0" }
      #expect(journal.missing == [0, 1, 2])
    }
  }

  @Test("One process at a time works on a shard")
  func lock() throws {
    try withTemporaryFolder { folder in
      let journal = try open(folder)
      #expect(throws: failure("output.locked")) { try open(folder, start: .resume) }
      #expect(throws: failure("output.locked")) { try open(folder, start: .replace) }
      try journal.append(line(0), at: 0, .done)
    }
  }

  @Test("A journal without results leaves no file, also when another one holds the lock")
  func empty() throws {
    try withTemporaryFolder { folder in
      do {
        let journal = try open(folder)
        #expect(throws: failure("output.locked")) { try open(folder, start: .resume) }
        #expect(folderNames("\(folder)/out") == ["results.jsonl.part"])
        #expect(journal.missing == [0, 1, 2])
      }
      #expect(folderNames("\(folder)/out").isEmpty)
    }
  }

  @Test("Nothing is published before every item has a result")
  func incomplete() throws {
    try withTemporaryFolder { folder in
      let journal = try open(folder)
      try journal.append(line(0), at: 0, .done)
      #expect(throws: failure("batch.incomplete")) { try journal.publish() }
      #expect(folderNames("\(folder)/out") == ["results.jsonl.part"])
    }
  }
}
