import Bytes
import JSON
import Media
import TestSupport
import Testing

@Suite("Results of an earlier run")
struct EarlierResultTests {
  static let still = Workplace.nano("still.png")
  static let clip = Workplace.nano("clip")

  /// The first frames of the clip in a folder `name`.
  private func makeFrames(_ count: Int, _ name: String, in folder: String) throws {
    try Tool.makeFolder("\(folder)/\(name)")
    for index in 0..<count {
      let frame = "0000\(index).jpg"
      write(fileBytes("\(Self.clip)/\(frame)") ?? [], to: "\(folder)/\(name)/\(frame)")
    }
  }

  private static let formats = ["davis", "png", "sav", "davis,coco", "yolo"]

  @Test("A shorter run replaces the longer one as a whole, with a note", arguments: formats)
  func shorter(_ format: String) throws {
    try withTemporaryFolder { folder in
      try makeFrames(3, "long", in: folder)
      try makeFrames(1, "short", in: folder)
      let call = ["--point", "42,58", "--format", format, "-o"]
      try expectSuccess(Tool.sam2.run(["track", "long"] + call + ["out"], in: folder))
      write("mine", to: "\(folder)/out/notes.txt")
      let again = try Tool.sam2.run(["track", "short"] + call + ["out"], in: folder)
      try expectSuccess(again)
      #expect(again.errors.contains("2 files of an earlier run are removed"), "\(again.errors)")
      try expectSuccess(Tool.sam2.run(["track", "short"] + call + ["alone"], in: folder))
      #expect(fileTree("\(folder)/out")["notes.txt"] == Array("mine".utf8))
      let isSame =
        fileTree("\(folder)/out").filter { $0.key != "notes.txt" } == fileTree("\(folder)/alone")
      #expect(isSame)
    }
  }

  @Test(
    "Fewer objects, and another format, replace the earlier results; the same call prints no note")
  func fewer() throws {
    try withTemporaryFolder { folder in
      let one = ["track", Self.clip, "--object", "1", "--point", "42,58", "-o", "out"]
      let two = one + ["--object", "2", "--box", "111,60,169,122"]
      for _ in 0..<2 {
        let outcome = try Tool.sam2.run(two + ["--format", "sav"], in: folder)
        try expectSuccess(outcome)
        #expect(!outcome.errors.contains("note:"), "\(outcome.errors)")
      }
      #expect(folderNames("\(folder)/out") == ["001", "002"])
      let fewer = try Tool.sam2.run(one + ["--format", "sav"], in: folder)
      try expectSuccess(fewer)
      #expect(fewer.errors.contains("8 files of an earlier run are removed"))
      #expect(folderNames("\(folder)/out/001").count == 8)
      #expect(folderNames("\(folder)/out/002").isEmpty)
      try expectSuccess(Tool.sam2.run(one, in: folder))
      #expect(fileTree("\(folder)/out").count == 8)
    }
  }

  @Test("A mask by another program under another name refuses the run, unless it may be removed")
  func otherMasks() throws {
    try withTemporaryFolder { folder in
      try Tool.makeFolder("\(folder)/out")
      let labels = RawPNG(
        width: 4, height: 4, .palette, samples: [Int](repeating: 1, count: 16),
        palette: Array(DAVISPalette.bytes)
      ).bytes
      write(labels, to: "\(folder)/out/truth.png")
      write(labels, to: "\(folder)/out/00003.png")
      let call = ["track", Self.clip, "--point", "42,58", "-o", "out"]
      let refused = try Tool.sam2.run(call, in: folder)
      #expect(refused.exitCode == 73 && refused.errors.contains("out/truth.png"))
      #expect(refused.errors.contains("--force"))
      #expect(fileBytes("\(folder)/out/00003.png") == labels)
      try expectSuccess(Tool.sam2.run(call + ["--force"], in: folder))
      #expect(folderNames("\(folder)/out").count == 8)

      try Tool.makeFolder("\(folder)/drawn")
      write([1], to: "\(folder)/drawn/holiday.jpg")
      let drawn = try Tool.sam2.run(
        ["track", Self.clip, "--point", "42,58", "-o", "b", "--overlay", "drawn"], in: folder)
      #expect(drawn.exitCode == 73 && exists("\(folder)/drawn/holiday.jpg"))
    }
  }

  @Test("A run that stops in between leaves none of the earlier results of its video")
  func stopped() throws {
    try withTemporaryFolder { folder in
      let call = ["track", Self.clip, "--point", "42,58", "-o", "out", "--save-logits", "logits"]
      try expectSuccess(Tool.sam2.run(call, in: folder))
      try expectSuccess(
        Tool.sam2.run(call + ["--stop-after", "2", "--save-state", "job"], in: folder))
      #expect(folderNames("\(folder)/out") == ["00000.png", "00001.png"])
      #expect(folderNames("\(folder)/logits") == ["00000_1.npy", "00001_1.npy"])
      // Resuming keeps the files that the first part has written.
      try expectSuccess(Tool.sam2.run(call + ["--resume", "job"], in: folder))
      #expect(folderNames("\(folder)/out").count == 8)
    }
  }

  @Test("A mistake in the prompts leaves the earlier results as they are")
  func mistake() throws {
    try withTemporaryFolder { folder in
      let call = ["track", Self.clip, "--point", "42,58", "-o", "out"]
      try expectSuccess(Tool.sam2.run(call, in: folder))
      let before = fileTree("\(folder)/out")
      let outcome = try Tool.sam2.run(call + ["--frame", "99", "--point", "1,2"], in: folder)
      #expect(outcome.exitCode == 64)
      let isSame = fileTree("\(folder)/out") == before
      #expect(isSame)
    }
  }

  @Test("Other people's files in the folder are not results, and neither is a prompt")
  func foreign() throws {
    try withTemporaryFolder { folder in
      try Tool.makeFolder("\(folder)/out")
      write(fileBytes(Self.still) ?? [], to: "\(folder)/out/photo.png")
      write("{\"images\": []}", to: "\(folder)/out/coco.json")
      write(fileBytes(Workplace.nano("mask.png")) ?? [], to: "\(folder)/out/first.png")
      for _ in 0..<2 {
        try expectSuccess(
          Tool.sam2.run(
            [
              "track", Self.clip, "--object", "1", "--mask-prompt", "out/first.png", "-o", "out",
              "--force",
            ], in: folder))
      }
      let names = folderNames("\(folder)/out")
      #expect(
        names.count == 11 && Set(names).isSuperset(of: ["photo.png", "coco.json", "first.png"]))
    }
  }

  @Test("A picture segmented again leaves no masks and no overlay of the first time")
  func segment() throws {
    try withTemporaryFolder { folder in
      let call = ["segment", Self.still, "-o", "out"]
      write(fileBytes(Self.still) ?? [], to: "\(folder)/still_1_2.png")
      try expectSuccess(
        Tool.sam2.run(
          call + ["--box", "114,43,178,110", "--box", "10,10,60,70", "--overlay"], in: folder))
      #expect(folderNames("\(folder)/out").count == 3)
      try expectSuccess(Tool.sam2.run(call + ["--point", "64,63"], in: folder))
      #expect(folderNames("\(folder)/out") == ["still.png"])
      // A loop over pictures keeps the results of the others.
      try expectSuccess(
        Tool.sam2.run(["segment", "still_1_2.png", "-o", "out", "--point", "64,63"], in: folder))
      try expectSuccess(Tool.sam2.run(call + ["--point", "60,60"], in: folder))
      #expect(folderNames("\(folder)/out") == ["still.png", "still_1_2.png"])
    }
  }

  @Test("Automatic masks refuse what exists, overlays included, and replace it with --force")
  func auto() throws {
    try withTemporaryFolder { folder in
      let call = [
        "auto", Self.still, "--points-per-side", "3", "--pred-iou-thresh", "0",
        "--stability-score-thresh", "0", "-o", "out", "--overlay",
      ]
      try expectSuccess(Tool.sam2.run(call, in: folder))
      for options in [[], ["--format", "coco"]] {
        #expect(try Tool.sam2.run(call + options, in: folder).exitCode == 73)
      }
      try expectSuccess(Tool.sam2.run(call + ["--force"], in: folder))
      #expect(folderNames("\(folder)/out") == ["still", "still_overlay.png"])
    }
  }
}
