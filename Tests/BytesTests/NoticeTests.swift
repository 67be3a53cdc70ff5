import Glibc
import TestSupport
import Testing

@testable import Bytes

@Suite("Notices, and files that cannot be opened")
struct NoticeTests {
  @Test("Notices of one code are counted together, in order of first appearance")
  func merged() {
    let collector = NoticeCollector()
    for code in ["a", "b", "a", "a"] {
      collector.add(Notice(.leftOut, code: code, "one", file: code + "\(collector.all.count)"))
    }
    let found = collector.all
    #expect(found.map(\.code) == ["a", "b"] && found.map(\.count) == [3, 1])
    #expect(found[0].description == "a0: one (and 2 more like it)")
    #expect(found[0].about(file: "other").file == "a0")
    #expect(found[0].with(file: nil).about(file: "other").file == "other")
  }

  @Test("A missing file and a link that leads nowhere have different messages")
  func links() throws {
    try withTemporaryFolder { folder in
      symlink("missing", "\(folder)/dangling")
      symlink("loop", "\(folder)/loop")
      try AtomicFile.write(path: "\(folder)/file", replaceExisting: false) { try $0.write("x") }
      symlink("file", "\(folder)/good")
      let cases: [(String, String)] = [
        ("none", "there is no such file"),
        ("dangling", "is a link to missing, which does not exist"),
        ("dangling/x", "dangling is a link to missing, which does not exist"),
        ("loop", "is a link to loop, which leads back to it"), ("good/x", "there is no such file"),
        ("file/x", "there is no such file"),
      ]
      for (name, ending) in cases {
        do throws(Failure) {
          _ = try MappedFile.open("\(folder)/\(name)")
          Issue.record("\(name) was opened")
        } catch {
          #expect(error.code == (name == "loop" ? "file.unreadable" : "file.missing"))
          #expect(error.kind == .missingInput)
          #expect(error.message.hasSuffix(ending), "\(name): \(error.message)")
        }
      }
      #expect(try MappedFile.open("\(folder)/good").byteCount == 1)
    }
  }
}
