import Bytes
import Glibc
import JSON
import Media
import TestSupport
import Testing

@Suite("Formats and inputs of the commands")
struct FormatTests {
  static let still = Workplace.nano("still.png")
  static let clip = Workplace.nano("clip")
  static let prompts = """
    {"prompts": [{"points": [[64, 63]]}, {"box": [114, 43, 178, 110], "object": 5}]}
    """

  @Test("Several formats in one run hold the same masks")
  func segment() throws {
    try withTemporaryFolder { folder in
      write(Self.prompts, to: "\(folder)/p.json")
      let outcome = try Tool.sam2.run(
        [
          "segment", Self.still, "--prompts", "p.json", "--format", "png,davis", "--format=coco",
          "--format", "yolo,label-studio,cvat,coco-polygons", "-o", "out", "--category", "toy",
          "--json",
        ], in: folder)
      try expectSuccess(outcome)
      #expect(
        folderNames("\(folder)/out")
          == ["coco", "coco-polygons", "cvat", "davis", "label-studio", "png", "yolo"])
      let masks = try (0..<2).map {
        try LabelMap.read("\(folder)/out/png/still_\($0)_0.png").mask(of: 255)
      }
      let coco = try JSONValue(parsing: fileBytes("\(folder)/out/coco/coco.json") ?? [])
      let annotations = try coco.requiredArray("annotations")
      #expect(try annotations.map { try $0.requiredInt("object_id") } == [1, 5])
      for (annotation, mask) in zip(annotations, masks) {
        let counts = try annotation.required("segmentation").requiredString("counts")
        #expect(counts == RunLengthMask(mask).cocoCounts)
      }
      #expect(coco["categories"]?[0]?["name"]?.string == "toy")
      let labels = try LabelMap.read("\(folder)/out/davis/still.png")
      #expect(labels.identifiers == [1, 5])
      #expect(labels.mask(of: 1) == masks[0])
      let report = try outcome.json
      #expect(try report.requiredArray("annotations").count == 5)
      for file in try report.requiredArray("annotations") {
        #expect(exists("\(folder)/\(file.string ?? "")"))
      }
    }
  }

  @Test("A tracked video in the formats of its data sets")
  func track() throws {
    try withRun([
      "track", Self.clip, "--object", "300", "--point", "42,58", "--object", "0", "--box",
      "111,60,169,122", "--format", "png,sav,sav-json,coco,yolo", "-o", "out", "--contact-sheet",
      "sheet.jpg", "--overlay", "drawn", "--overlay-parts", "contour,label",
    ]) { outcome, folder in
      try expectSuccess(outcome)
      #expect(folderNames("\(folder)/out/sav") == ["000", "300"])
      #expect(folderNames("\(folder)/out/sav/300").count == 8)
      #expect(folderNames("\(folder)/out/yolo/labels").count == 8)
      let plain = try LabelMap.read("\(folder)/out/png/300/00003.png")
      let sav = try LabelMap.read("\(folder)/out/sav/300/00003.png")
      #expect(sav.identifiers == [1])
      #expect(plain.mask(of: 255) == sav.mask(of: 1))
      let json = try JSONValue(parsing: fileBytes("\(folder)/out/sav-json/clip_manual.json") ?? [])
      let counts = json["masklet"]?[3]?[1]?["counts"]?.string
      #expect(counts == RunLengthMask(sav.mask(of: 1)).cocoCounts)
      #expect(folderNames("\(folder)/drawn").count == 8)
      #expect(try ImageReader.read("\(folder)/sheet.jpg").width > 1000)
    }
  }

  @Test("Everything in a picture, in other formats; existing files stay without --force")
  func auto() throws {
    let call = [
      "auto", Self.still, "--points-per-side", "4", "--pred-iou-thresh", "0.5",
      "--stability-score-thresh", "0.7", "--format", "coco", "-o", "out",
    ]
    try withTemporaryFolder { folder in
      try expectSuccess(Tool.sam2.run(call, in: folder))
      #expect(folderNames("\(folder)/out") == ["coco.json"])
      let again = try Tool.sam2.run(call, in: folder)
      #expect(again.exitCode == 73)
      #expect(again.errors.contains("coco.json"))
      try expectSuccess(Tool.sam2.run(call + ["--force"], in: folder))
    }
  }

  @Test("Masks are those of the upright picture, and the report records the orientation")
  func orientation() throws {
    let rotated = fixturePath("orientation6.jpg", target: "MediaTests")
    try withRun(["segment", rotated, "--point", "3,6", "-o", "out", "--json"]) { outcome, folder in
      try expectSuccess(outcome)
      let image = try outcome.json.requiredArray("images")[0]
      #expect(try image.requiredInt("applied_orientation") == 6)
      let mask = try LabelMap.read("\(folder)/out/orientation6.png")
      #expect((mask.width, mask.height) == (7, 12))
    }
  }

  @Test("Pictures of any shape are segmented", arguments: [(1, 1), (1, 20_000), (20_000, 1)])
  func shapes(_ width: Int, _ height: Int) throws {
    try withTemporaryFolder { folder in
      let image = RGBImage(width: width, height: height, filledWith: RGBColour(90, 120, 10))
      try PNGWriter.write(image, to: "\(folder)/a.png")
      let outcome = try Tool.sam2.run(
        [
          "segment", "a.png", "--point", "0,0", "-o", "out", "--overlay", "--format",
          "png,coco-polygons,yolo,cvat,label-studio",
        ], in: folder)
      try expectSuccess(outcome)
      let mask = try LabelMap.read("\(folder)/out/png/a.png")
      #expect((mask.width, mask.height) == (width, height))
    }
  }

  // MARK: - Where pictures come from

  @Test("Folders, patterns, lists and odd names")
  func sources() throws {
    let picture = try #require(fileBytes(Self.still))
    try withTemporaryFolder { folder in
      mkdir("\(folder)/in", 0o700)
      let names = ["2.png", "10.png", "-x.png", "größe ü.png", "@a.png"]
      for name in names { write(picture, to: "\(folder)/in/\(name)") }
      write("not a picture", to: "\(folder)/in/notes.txt")
      write("in/10.png\r\n\nin/@a.png\n", to: "\(folder)/list")
      write("in/2.png\u{0}in/-x.png\u{0}", to: "\(folder)/zeros")
      let calls: [(arguments: [String], count: Int)] = [
        (["in"], 5), (["in/*.png"], 5), (["in/[0-9]*.png"], 2), (["@list"], 2), (["@zeros"], 2),
        (["in/@a.png"], 1), (["in/größe ü.png"], 1),
      ]
      for (index, call) in calls.enumerated() {
        let outcome = try Tool.sam2.run(
          ["segment"] + call.arguments + ["--point", "64,63", "-o", "out\(index)"], in: folder)
        try expectSuccess(outcome)
        #expect(folderNames("\(folder)/out\(index)").count == call.count, "\(call.arguments)")
      }
      // After two dashes a name may begin with one.
      let dashed = try Tool.sam2.run(
        ["segment", "--point", "64,63", "-o", "../out", "--", "-x.png"], in: "\(folder)/in")
      try expectSuccess(dashed)
      #expect(folderNames("\(folder)/out") == ["-x.png"])
    }
  }

  @Test("A name that is not UTF-8 is reported, and the other pictures are segmented")
  func latinNames() throws {
    let picture = try #require(fileBytes(Self.still))
    try withTemporaryFolder { folder in
      mkdir("\(folder)/in", 0o700)
      write(picture, to: "\(folder)/in/b.png")
      let latin = Array("\(folder)/in/a".utf8CString.dropLast()) + [-1] + Array(".png".utf8CString)
      #expect(link("\(folder)/in/b.png", latin) == 0)
      let outcome = try Tool.sam2.run(
        ["segment", "in", "--point", "64,63", "-o", "out"], in: folder)
      #expect(outcome.exitCode == 1)
      #expect(outcome.errors.contains("UTF-8"), "\(outcome.errors)")
      #expect(folderNames("\(folder)/out") == ["b.png"])
      #expect(
        try Tool.sam2.run(["track", "in", "--point", "64,63", "-o", "t"], in: folder).exitCode == 66
      )
      unlink(latin)
    }
  }

  @Test("Closed channels are not taken for files, and data that cannot be written is an error")
  func closedChannels() throws {
    let program = try Tool.sam2.path
    try withTemporaryFolder { folder in
      // A batch that waits for its list has a temporary open, which would be the lowest number.
      let waiting = """
        mkfifo p && { "$0" batch - -o out <p >&- 2>&- & exec 9>p; i=0; \
        while [ $i -lt 100 ] && [ "$(readlink /proc/$!/fd/1)" != /dev/null ]; \
        do sleep 0.1; i=$((i+1)); done; readlink /proc/$!/fd/1 /proc/$!/fd/2; kill $!; }
        """
      #expect(try Tool.shell(waiting, program, in: folder).output == "/dev/null\n/dev/null\n")
      let call = "\"$0\" segment \(Self.still) --point 64,63 --json"
      try expectSuccess(Tool.shell("\(call) -o a", program, in: folder))
      #expect(
        try Tool.shell("\(call) -o b <&- >&- 2>&-", program, in: folder).exitCode == 74)
      #expect(fileTree("\(folder)/a") == fileTree("\(folder)/b"))
      let batch = try Tool.shell("\"$0\" batch - -o c <&-", program, in: folder)
      #expect(batch.exitCode == 74, "\(batch.errors)")
    }
  }

  @Test("Files are written with another folder for temporary files, and without a terminal")
  func surroundings() throws {
    try withRun(
      ["segment", Self.still, "--point", "64,63", "-o", "out", "--format", "png,coco"],
      environment: ["TMPDIR": "/no/such/folder", "LANG": "C", "TERM": "dumb"]
    ) { outcome, folder in
      try expectSuccess(outcome)
      #expect(exists("\(folder)/out/coco/coco.json"))
    }
  }

  @Test("A file that grows beyond what may be written leaves nothing")
  func full() throws {
    try withTemporaryFolder { folder in
      let outcome = try Tool.sam2.run(
        ["segment", Self.still, "--point", "64,63", "-o", "out", "--overlay"], in: folder,
        limits: ["-f 4"])
      #expect(outcome.exitCode == 74)
      #expect(
        !folderNames("\(folder)/out").contains { $0.contains("overlay") || $0.contains("tmp") })
    }
  }

  @Test("Only a file or a link is replaced by a result of the same name")
  func occupied() throws {
    try withTemporaryFolder { folder in
      let call = ["segment", Self.still, "--point", "64,63", "-o", "out"]
      mkdir("\(folder)/out", 0o700)
      mkdir("\(folder)/out/still.png", 0o700)
      #expect(try Tool.sam2.run(call, in: folder).exitCode == 73)
      rmdir("\(folder)/out/still.png")
      mkfifo("\(folder)/out/still.png", 0o600)
      #expect(try Tool.sam2.run(call, in: folder).exitCode == 73)
      unlink("\(folder)/out/still.png")
      // A link is replaced; its target is kept, and so is another name of the same file.
      write("kept", to: "\(folder)/elsewhere")
      symlink("../elsewhere", "\(folder)/out/still.png")
      try expectSuccess(Tool.sam2.run(call, in: folder))
      #expect(fileBytes("\(folder)/elsewhere") == Array("kept".utf8))
      #expect(try LabelMap.read("\(folder)/out/still.png").width == 200)
      unlink("\(folder)/out/still.png")
      #expect(link("\(folder)/elsewhere", "\(folder)/out/still.png") == 0)
      try expectSuccess(Tool.sam2.run(call, in: folder))
      #expect(fileBytes("\(folder)/elsewhere") == Array("kept".utf8))
    }
  }
}
