import Glibc
import TestSupport
import Testing

/// Links that another user has put into an output folder lead nowhere.
@Suite("Links planted in output folders")
struct PlantedLinkTests {
  /// Runs `body` in a folder with `home/docs/thesis.txt`, `rc` and a small list of items; the first
  /// two have to be as before.
  private func withHome(_ body: (_ folder: String) throws -> Void) throws {
    try withTemporaryFolder { folder in
      for name in ["home", "home/docs", "out"] { try Tool.makeFolder("\(folder)/\(name)") }
      write("precious", to: "\(folder)/home/docs/thesis.txt")
      write("export PATH\n", to: "\(folder)/rc")
      write(
        "{\"id\": \"a/1\", \"image\": \"\(Workplace.nano("still.png"))\", "
          + "\"prompts\": [{\"points\": [[64, 63]]}]}\n", to: "\(folder)/items.jsonl")
      try body(folder)
      #expect(fileTree("\(folder)/home") == ["docs/thesis.txt": Array("precious".utf8)])
      #expect(fileBytes("\(folder)/rc") == Array("export PATH\n".utf8))
    }
  }

  /// Checks that a command refused with one clear line.
  private func expectRefusal(_ outcome: Tool.Outcome, _ words: String, code: Int32 = 73) {
    #expect(outcome.exitCode == code, "\(outcome.errors)")
    let lines = outcome.errors.split(separator: "\n")
    #expect(lines.count == 1, "\(outcome.errors)")
    #expect(lines.first?.hasPrefix("error: ") == true && outcome.errors.contains(words))
  }

  // MARK: - Batches

  @Test("A batch empties no folder through a link", arguments: [[], ["--force"], ["--resume"]])
  func partial(flags: [String]) throws {
    try withHome { folder in
      symlink("../home", "\(folder)/out/.partial")
      let call = ["batch", "items.jsonl", "-o", "out"] + flags
      expectRefusal(try Tool.sam2.run(call, in: folder), "out/.partial: is a link")
      #expect(folderNames("\(folder)/out") == [".partial"])
      unlink("\(folder)/out/.partial")
      try expectSuccess(Tool.sam2.run(call, in: folder))
    }
  }

  @Test("A batch neither reads nor writes results through a link")
  func results() throws {
    try withHome { folder in
      let call = ["batch", "items.jsonl", "-o", "out"]
      for flags in [[], ["--force"], ["--resume"]] {
        symlink("../rc", "\(folder)/out/results.jsonl.part")
        let words = flags.isEmpty ? "results of an earlier run" : ".jsonl.part: is a link"
        expectRefusal(try Tool.sam2.run(call + flags, in: folder), words)
        unlink("\(folder)/out/results.jsonl.part")
        // The same file under another name.
        link("\(folder)/rc", "\(folder)/out/results.jsonl.part")
        let hard = flags.isEmpty ? "results of an earlier run" : "another name"
        expectRefusal(try Tool.sam2.run(call + flags, in: folder), hard)
        unlink("\(folder)/out/results.jsonl.part")
      }
      symlink("../rc", "\(folder)/out/results.jsonl")
      expectRefusal(
        try Tool.sam2.run(call + ["--resume"], in: folder), "results.jsonl: is a link")
      unlink("\(folder)/out/results.jsonl.part")
      try expectSuccess(Tool.sam2.run(call + ["--force"], in: folder))
      #expect(BatchItems.lines("\(folder)/out/results.jsonl") == 1)
    }
  }

  @Test("The folder of an item is not reached through a link")
  func items() throws {
    try withHome { folder in
      let call = ["batch", "items.jsonl", "-o", "out", "--force"]
      symlink("../home", "\(folder)/out/a")
      expectRefusal(try Tool.sam2.run(call, in: folder), "out/a: is reached through a link")
      unlink("\(folder)/out/a")
      try Tool.makeFolder("\(folder)/out/a")
      symlink("../../home/docs", "\(folder)/out/a/1")
      let outcome = try Tool.sam2.run(call, in: folder)
      #expect(outcome.exitCode == 1 && outcome.errors.contains("exists already"))
    }
  }

  // MARK: - Other commands

  @Test(
    "Folders of formats and pictures are not reached through links",
    arguments: [
      (["segment", "still.png", "--point", "64,63", "--format", "davis,coco"], "davis"),
      (["auto", "still.png", "--points-per-side", "2", "--force"], "still"),
      (["track", "clip", "--point", "42,58", "--format", "davis,coco"], "coco"),
      (["sample", "--frames", "2"], "frames"),
    ])
  func formats(call: [String], planted: String) throws {
    try withHome { folder in
      symlink("../home/docs", "\(folder)/out/\(planted)")
      let words = call.map { ["still.png", "clip"].contains($0) ? Workplace.nano($0) : $0 }
      let outcome = try Tool.sam2.run(words + ["-o", "out", "-q"], in: folder)
      expectRefusal(outcome, "out/\(planted): is reached through a link")
    }
  }

  @Test("Files replace links, and nothing is written through a temporary of a known name")
  func files() throws {
    try withHome { folder in
      for name in ["out/00000.png", "job.state", "sheet.png", "logits.npy"] {
        symlink("\(folder)/rc", "\(folder)/\(name)")
      }
      try expectSuccess(
        Tool.sam2.run(
          [
            "track", Workplace.nano("clip"), "--point", "42,58", "-o", "out", "--stop-after", "2",
            "--save-state", "job.state", "--contact-sheet", "sheet.png",
          ], in: folder))
      try expectSuccess(
        Tool.sam2.run(
          [
            "segment", Workplace.nano("still.png"), "--point", "64,63", "-o", "masks",
            "--save-logits", "logits.npy",
          ], in: folder))
      for name in ["out/00000.png", "job.state", "sheet.png", "logits.npy"] {
        var status = stat()
        #expect(lstat("\(folder)/\(name)", &status) == 0)
        #expect(status.st_mode & S_IFMT == S_IFREG, "\(name)")
      }
    }
  }

  @Test("An overlay is not encoded into a file that a link names")
  func overlay() throws {
    try withHome { folder in
      // The number of the process is that of the shell, which becomes the command.
      let line =
        "ln -s ../rc out/x.mp4.tmp-$$ && exec \"$0\" track \(Workplace.nano("clip"))"
        + " --point 42,58 --stop-after 1 --overlay out/x.mp4 -o masks -q"
      try expectSuccess(Tool.shell(line, try Tool.sam2.path, in: folder))
      #expect(folderNames("\(folder)/out").count == 2)
      #expect((fileBytes("\(folder)/out/x.mp4") ?? []).count > 1000)
    }
  }

  @Test("A report is not written to the place that a link names")
  func report() throws {
    let model = try Workplace.shared.get().model
    try withHome { folder in
      symlink("../home/docs", "\(folder)/out/report")
      let outcome = try Tool.quantize.run(
        [model, "-o", "m.sam2", "--report", "out/report", "--force", "-q"], in: folder)
      expectRefusal(outcome, "out/report: exists and is not a folder")
    }
  }

  @Test(
    "A link of another user on the way to the output is refused", .enabled(if: geteuid() == 0))
  func foreignLink() throws {
    try withHome { folder in
      #expect(chmod("\(folder)/out", 0o1777) == 0)
      symlink("../home", "\(folder)/out/mine")
      #expect(lchown("\(folder)/out/mine", 4242, 4242) == 0)
      let call = ["segment", Workplace.nano("still.png"), "--point", "64,63", "-q", "-o"]
      expectRefusal(
        try Tool.sam2.run(call + ["out/mine"], in: folder),
        "out/mine: is reached through a link of another user")
      let state = ["track", Workplace.nano("clip"), "--point", "42,58", "--stop-after", "1", "-q"]
      expectRefusal(
        try Tool.sam2.run(
          state + ["-o", "masks", "--save-state", "out/mine/job"], in: folder),
        "is reached through a link of another user")
    }
  }
}
