import Glibc
import Media
import TestSupport
import Testing

@Suite("Outputs that others can reach")
struct SharedOutputTests {
  static let still = Workplace.nano("still.png")

  // MARK: - Two processes, one output

  /// How often two processes start together.
  static let rounds = 4

  @Test("Two processes that write the same files leave whole ones of one of them")
  func together() throws {
    try withTemporaryFolder { folder in
      let calls = ["64,63", "146,76"].map {
        ["segment", Self.still, "--point", $0, "--format", "png,coco", "--overlay"]
      }
      var possible: [String: Set<[UInt8]>] = [:]
      for (index, call) in calls.enumerated() {
        try expectSuccess(Tool.sam2.run(call + ["-o", "alone\(index)"], in: folder))
        for (name, bytes) in fileTree("\(folder)/alone\(index)") {
          possible[name, default: []].insert(bytes)
        }
      }
      #expect(possible.count == 3 && possible.values.allSatisfy { $0.count == 2 })
      for _ in 0..<Self.rounds {
        try withTemporaryFolder { log in
          let running = try calls.enumerated().map { index, call in
            try Tool.makeFolder("\(log)/\(index)")
            return try Tool.sam2.start(
              call + ["-o", "out", "--threads", "1"], in: folder, log: "\(log)/\(index)")
          }
          for tool in running { try expectSuccess(tool.wait()) }
        }
        let found = fileTree("\(folder)/out")
        #expect(found.keys.sorted() == possible.keys.sorted())
        for (name, bytes) in found {
          let isWhole = possible[name]?.contains(bytes) == true
          #expect(isWhole, "\(name)")
        }
      }
    }
  }

  @Test("Two conversions into one file: both end, and the file is whole")
  func converting() throws {
    try withTemporaryFolder { folder in
      let call = [
        Workplace.nano("nano.pt"), "--config", Workplace.nano("nano.yaml"), "-o", "m.sam2",
        "--force",
      ]
      try withTemporaryFolder { log in
        let running = try (0..<2).map { index in
          try Tool.makeFolder("\(log)/\(index)")
          return try Tool.convert.start(call, in: folder, log: "\(log)/\(index)")
        }
        for tool in running { try expectSuccess(tool.wait()) }
      }
      #expect(folderNames(folder) == ["m.sam2"])
      #expect(fileBytes("\(folder)/m.sam2") == fileBytes(try Workplace.shared.get().model))
    }
  }

  // MARK: - Permissions

  /// The permission bits of a file or folder.
  private func mode(_ path: String) -> mode_t? {
    var status = stat()
    return stat(path, &status) == 0 ? status.st_mode & 0o777 : nil
  }

  @Test("Files and folders get the permissions that the umask leaves", arguments: ["000", "077"])
  func permissions(umask: String) throws {
    let mask = try #require(mode_t(umask, radix: 8))
    let program = try Tool.sam2.path
    try withTemporaryFolder { folder in
      let item = "{\\\"id\\\": \\\"a/b\\\", \\\"image\\\": \\\"\(Self.still)\\\", \\\"auto\\\": {}}"
      let lines = [
        "umask \(umask)",
        "\"$0\" segment \(Self.still) --point 64,63 -o masks --format png,coco --overlay "
          + "--save-logits l.npy",
        "\"$0\" track \(Workplace.nano("clip")) --point 42,58 -o tracks --stop-after 2 "
          + "--save-state job.state --save-logits logits --contact-sheet sheet.png",
        "echo \"\(item)\" > items.jsonl", "\"$0\" batch items.jsonl -o batch",
        "\"$0\" sample -o scene --frames 2",
        "\"\(try Tool.convert.path)\" \(Workplace.nano("nano.pt")) --config "
          + "\(Workplace.nano("nano.yaml")) -o m.sam2",
        "\"\(try Tool.quantize.path)\" m.sam2 -o q.sam2",
      ]
      try expectSuccess(Tool.shell(lines.joined(separator: " && "), program, in: folder))
      let files = fileTree(folder).keys
      #expect(files.count > 15)
      for name in files { #expect(mode("\(folder)/\(name)") == 0o666 & ~mask, "\(name)") }
      let folders = Set(
        files.filter { $0.contains("/") }.map { name in
          name.split(separator: "/").dropLast().joined(separator: "/")
        })
      #expect(
        folders.isSuperset(of: ["masks/coco", "tracks", "logits", "batch/a/b", "scene/frames"]))
      for name in folders { #expect(mode("\(folder)/\(name)") == 0o777 & ~mask, "\(name)") }
    }
  }
}
