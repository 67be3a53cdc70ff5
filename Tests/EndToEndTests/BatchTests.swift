import Bytes
import Glibc
import JSON
import Media
import TestSupport
import Testing

@Suite("sam2 batch")
struct BatchTests {
  // MARK: - Stopping and resuming

  @Test(
    "Shards that are killed and resumed write what one run writes",
    arguments: ["png", "davis", "rle", "png,davis,coco,yolo,sav-json,rle"]
  )
  func killed(format: String) throws {
    try withTemporaryFolder { folder in
      try BatchItems.make(in: folder)
      let whole = try BatchItems.run(["-o", "whole", "--format", format], in: folder)
      #expect(whole.exitCode == 1, "\(whole.errors)")
      for shard in 0..<4 {
        try killTwice(["--shard", "\(shard)/4", "--format", format, "-o", "parts"], shard, folder)
      }
      var (truth, found) = (fileTree("\(folder)/whole"), fileTree("\(folder)/parts"))
      let names = found.keys.filter { $0.hasPrefix("results-") }.sorted()
      #expect(names == (0..<4).map { "results-0000\($0)-of-00004.jsonl" })
      let merged = names.flatMap { found.removeValue(forKey: $0) ?? [] }
      // Long byte arrays are compared outside of #expect, which would list their differences.
      let sameResults = merged == truth.removeValue(forKey: "results.jsonl")
      #expect(sameResults)
      #expect(found.keys.sorted() == truth.keys.sorted())
      let sameFiles = found == truth
      #expect(sameFiles)
    }
  }

  /// Ends a shard by SIGKILL after one item and by SIGINT after two, then lets it finish.
  private func killTwice(_ options: [String], _ shard: Int, _ folder: String) throws {
    let part = "\(folder)/parts/results-0000\(shard)-of-00004.jsonl.part"
    for (signal, count) in [(SIGKILL, 1), (SIGINT, 2)] {
      try withTemporaryFolder { log in
        let running = try Tool.sam2.start(
          ["batch", "items.jsonl", "--threads", "1", "--resume"] + options, in: folder, log: log)
        #expect(running.wait { BatchItems.lines(part) >= count })
        running.send(signal)
        let outcome = running.wait()
        // It may have been quicker.
        #expect([0, 1, 128 + signal].contains(outcome.exitCode), "\(outcome.errors)")
      }
    }
    let outcome = try BatchItems.run(options + ["--resume"], in: folder)
    #expect(outcome.exitCode == 0 || outcome.exitCode == 1, "\(outcome.errors)")
    #expect(!exists(part))
  }

  @Test("Ctrl-C finishes the current item, prints how to resume, and dies of the signal")
  func interrupted() throws {
    try withTemporaryFolder { folder in
      try BatchItems.make(in: folder)
      try withTemporaryFolder { log in
        let running = try Tool.sam2.start(
          ["batch", "items.jsonl", "--threads", "1", "-o", "out"], in: folder, log: log)
        #expect(running.wait { BatchItems.lines("\(folder)/out/results.jsonl.part") >= 2 })
        running.send(SIGINT)
        let outcome = running.wait()
        #expect(outcome.exitCode == 130)
        #expect(outcome.errors.contains("--resume"))
      }
      let part = "\(folder)/out/results.jsonl.part"
      #expect((2..<BatchItems.pictureCount).contains(BatchItems.lines(part)))
      #expect(folderNames("\(folder)/out").sorted() == ["disc", "results.jsonl.part"])
      let done = folderNames("\(folder)/out/disc").count
      // One of the lines is of the picture that is not there.
      #expect(done == BatchItems.lines(part) || done == BatchItems.lines(part) - 1)
    }
  }

  @Test("Failed items are tried again, finished ones are not")
  func retried() throws {
    try withTemporaryFolder { folder in
      try BatchItems.make(in: folder)
      #expect(try BatchItems.run(["-o", "out", "-q"], in: folder).exitCode == 1)
      let results = fileBytes("\(folder)/out/results.jsonl")
      // A picture that is not read again may be removed.
      unlink("\(folder)/pictures/3.png")
      #expect(try BatchItems.run(["-o", "out", "-q", "--resume"], in: folder).exitCode == 1)
      let isKept = fileBytes("\(folder)/out/results.jsonl") == results
      #expect(isKept)
      write(fileBytes("\(folder)/pictures/5.png") ?? [], to: "\(folder)/missing.png")
      let outcome = try BatchItems.run(["-o", "out", "--resume", "--json"], in: folder)
      #expect(outcome.exitCode == 1)
      #expect(try outcome.json.requiredInt("failed") == 1)
      #expect(exists("\(folder)/out/missing/0.png"))
    }
  }

  @Test("A full disk ends the run, which resumes afterwards")
  func fullDisk() throws {
    try withTemporaryFolder { folder in
      try BatchItems.make(in: folder)
      let call = ["batch", "items.jsonl", "-o", "out", "--resume"]
      let full = try Tool.sam2.run(call, in: folder, limits: ["-f 1"])
      #expect(full.exitCode == 74, "\(full.errors)")
      #expect(!exists("\(folder)/out/results.jsonl"))
      let outcome = try Tool.sam2.run(call, in: folder)
      #expect(outcome.exitCode == 1)
      #expect(BatchItems.lines("\(folder)/out/results.jsonl") == 16)
    }
  }

  /// Bytes that no file may go beyond, in units of 512: more than the results, less than a task of
  /// Label Studio.
  static let smallDisk = 6

  @Test("Where one item cannot be written the run ends, and no other item pays for it")
  func fullForOne() throws {
    let scene = try Workplace.shared.get().scene
    try withTemporaryFolder { folder in
      try BatchItems.make(in: folder)
      let large =
        "{\"id\": \"large\", \"image\": \"\(scene)/picture.png\", \"format\": \"label-studio\", "
        + "\"prompts\": [{\"points\": [[152, 200]]}]}\n"
      let lines = String(decoding: fileBytes("\(folder)/items.jsonl") ?? [], as: UTF8.self)
        .split(whereSeparator: \.isNewline).prefix(2).joined(separator: "\n")
      write(large + lines, to: "\(folder)/items.jsonl")
      let call = ["batch", "items.jsonl", "--resume", "-o"]
      let full = try Tool.sam2.run(
        call + ["out"], in: folder, limits: ["-f \(Self.smallDisk)"])
      #expect(full.exitCode == 74, "\(full.errors)")
      #expect(full.errors.contains("label-studio.json") && !full.errors.contains("line"))
      #expect(!exists("\(folder)/out/large"))
      try expectSuccess(Tool.sam2.run(call + ["out"], in: folder))
      try expectSuccess(Tool.sam2.run(call + ["whole"], in: folder))
      let isSame = fileTree("\(folder)/out") == fileTree("\(folder)/whole")
      #expect(isSame)
    }
  }

  // MARK: - Items

  @Test("Results name the files of masks, and describe failures")
  func results() throws {
    try withTemporaryFolder { folder in
      try BatchItems.make(in: folder)
      let outcome = try BatchItems.run(["-o", "out"], in: folder)
      #expect(outcome.exitCode == 1)
      #expect(outcome.errors.contains("(line 5)"))
      let text = String(
        decoding: fileBytes("\(folder)/out/results.jsonl") ?? [], as: UTF8.self)
      let results = try text.split(separator: "\n").map { try JSONValue(parsing: String($0)) }
      let ids = results.compactMap { $0["id"]?.string }
      #expect(ids.count == 16 && ids[4] == "missing" && ids.last == "clip")
      let disc = try results[0].requiredArray("prompts")[0].requiredArray("masks")[0]
      let mask = try LabelMap.read("\(folder)/out/" + disc.requiredString("file")).mask(of: 255)
      #expect(try mask.area == disc.requiredInt("area"))
      #expect(results[4]["error"]?["code"]?.string == "file.missing")
      #expect(results[4]["error"]?["exit"]?.int == 66)
      #expect(results[14]["error"]?["message"]?.string?.contains("prompts") == true)
      #expect(results[15]["frames"]?.array?.count == 4)
      #expect(exists("\(folder)/out/clip/007/00003.png"))
    }
  }

  @Test("A folder of somebody else is not replaced")
  func foreignFolder() throws {
    try withTemporaryFolder { folder in
      try BatchItems.make(in: folder)
      for name in ["out", "out/disc", "out/disc/2"] { mkdir("\(folder)/\(name)", 0o700) }
      write("mine", to: "\(folder)/out/disc/2/notes.txt")
      #expect(try BatchItems.run(["-o", "out", "-q", "--force"], in: folder).exitCode == 1)
      #expect(folderNames("\(folder)/out/disc/2") == ["notes.txt"])
      #expect(exists("\(folder)/out/disc/3/0.png"))
    }
  }
}
