import Bytes
import Glibc
import JSON
import Media
import TestSupport
import Testing

@Suite("Inputs as people have them")
struct InputHabitTests {
  static let still = Workplace.nano("still.png")
  static let clip = Workplace.nano("clip")

  private func codes(_ outcome: Tool.Outcome) throws -> [String] {
    try outcome.json.requiredArray("notices").map { try $0.requiredString("code") }
  }

  /// The frames of the clip under other names.
  private func makeFrames(_ names: [String], in folder: String) throws {
    try Tool.makeFolder("\(folder)/frames")
    for (index, name) in names.enumerated() {
      write(fileBytes("\(Self.clip)/0000\(index).jpg") ?? [], to: "\(folder)/frames/\(name)")
    }
  }

  // MARK: - Names

  @Test("A link that leads nowhere is named with its target, by every command")
  func danglingLink() throws {
    try withTemporaryFolder { folder in
      symlink("../missing/blob", "\(folder)/link.png")
      symlink("round.png", "\(folder)/round.png")
      symlink("nowhere", "\(folder)/models")
      write([], to: "\(folder)/f")
      let calls: [(Tool, [String], String)] = [
        (
          .sam2, ["segment", "link.png", "--point", "1,1"], "link.png: is a link to ../missing/blob"
        ),
        (.sam2, ["track", "link.png", "--point", "1,1"], "is a link to ../missing/blob"),
        (
          .sam2, ["segment", Self.still, "--mask-prompt", "link.png"],
          "is a link to ../missing/blob"
        ),
        (.sam2, ["batch", "link.png"], "is a link to ../missing/blob"),
        (.sam2, ["segment", "round.png", "--point", "1,1"], "leads back to it"),
        (
          .sam2, ["segment", Self.still, "--point", "1,1", "--model", "models/m.sam2"],
          "models is a link to nowhere"
        ),
        (.convert, ["link.png"], "link.png: is a link to ../missing/blob"),
        (.convert, ["g"], "no such file"),
      ]
      for (tool, arguments, message) in calls {
        let output = tool == .convert ? "out.sam2" : "out"
        let outcome = try tool.run(arguments + ["-o", output], in: folder)
        #expect(outcome.exitCode == 66, "\(arguments): \(outcome.errors)")
        #expect(outcome.errors.contains(message), "\(outcome.errors)")
        #expect(!outcome.errors.contains("did you mean"), "\(outcome.errors)")
      }
    }
  }

  static let frameNames = [
    ["00000.jpg", "00005.jpg", "00010.jpg"], ["00001.jpg", "00002.jpg", "00003.jpg"],
    ["f_9.jpg", "f_10.jpg", "f_11.jpg"], ["1.JPG", "2.jpeg", "3.jpg"],
  ]

  @Test("All formats of a run call a frame as its file", arguments: frameNames)
  func names(_ names: [String]) throws {
    let stems = Set(names.map { String($0[..<($0.lastIndex(of: ".") ?? $0.endIndex)]) })
    try withTemporaryFolder { folder in
      try makeFrames(names, in: folder)
      let outcome = try Tool.sam2.run(
        [
          "track", "frames", "--point", "42,58", "-o", "out", "--format", "png,davis,sav,yolo,coco",
          "--overlay", "drawn", "--save-logits", "logits", "--json",
        ], in: folder)
      try expectSuccess(outcome)
      let paths = fileTree("\(folder)/out").keys
        .filter { !$0.hasSuffix("json") && !$0.hasSuffix("yaml") }
      #expect(paths.count == 12)
      func stem(_ path: String) -> String {
        let name = path.split(separator: "/").last ?? ""
        return String(name[..<(name.lastIndex(of: ".") ?? name.endIndex)])
      }
      #expect(Set(paths.map(stem)) == stems)
      #expect(Set(folderNames("\(folder)/drawn").map(stem)) == stems)
      // Numbers have five digits there.
      let padded = stems.map { stem in
        Int(stem) == nil ? stem : String(repeating: "0", count: max(0, 5 - stem.count)) + stem
      }
      #expect(
        Set(folderNames("\(folder)/logits").map { String(stem($0).dropLast(2)) }) == Set(padded))
      let reported = try outcome.json.requiredArray("frames").map { try $0.requiredString("name") }
      #expect(Set(reported) == stems && reported.count == 3)
      // An evaluator finds folders of equal names.
      #expect(try meanIoU("\(folder)/out/davis", "\(folder)/out/davis") == 1)

      let item =
        "{\"id\": \"v\", \"video\": \"frames\", \"actions\": ["
        + "{\"do\": \"add_points\", \"frame\": 0, \"object\": 1, \"points\": [[42, 58]], "
        + "\"labels\": [1]}, {\"do\": \"propagate\"}], \"save_logits\": true, \"overlay\": \"jpg\"}\n"
      write(item, to: "\(folder)/items.jsonl")
      for resume in [[], ["--force"]] {
        let batch = try Tool.sam2.run(
          ["batch", "items.jsonl", "-o", "batch", "--format", "png,davis"] + resume, in: folder)
        try expectSuccess(batch)
        #expect(
          fileTree("\(folder)/batch/v/davis")
            == fileTree("\(folder)/out/davis"))
        #expect(Set(folderNames("\(folder)/batch/v/overlay").map(stem)) == stems)
      }
    }
  }

  @Test("Frames whose masks would have one name are refused")
  func sameStem() throws {
    try withTemporaryFolder { folder in
      try makeFrames(["1.jpg", "1.jpeg"], in: folder)
      let outcome = try Tool.sam2.run(
        ["track", "frames", "--point", "42,58", "-o", "out"], in: folder)
      #expect(outcome.exitCode == 64 && outcome.errors.contains("one name"))
      #expect(!exists("\(folder)/out"))
    }
  }

  // MARK: - Folders

  @Test("Other files of a folder are named")
  func others() throws {
    try withTemporaryFolder { folder in
      try makeFrames(["0.jpg", "1.jpg"], in: folder)
      write("x", to: "\(folder)/frames/notes.txt")
      write(fileBytes(Self.still) ?? [], to: "\(folder)/frames/preview.png")
      let track = try Tool.sam2.run(
        ["track", "frames", "--point", "42,58", "-o", "t", "--json"], in: folder)
      try expectSuccess(track)
      #expect(try codes(track) == ["frames.kinds", "frames.others"])
      #expect(track.errors.contains("preview.png") && track.errors.contains("notes.txt"))
      let segment = try Tool.sam2.run(
        ["segment", "frames", "frames/0.jpg", "--point", "42,58", "-o", "s", "--json"], in: folder)
      try expectSuccess(segment)
      #expect(try codes(segment) == ["input.others", "input.repeated"])
      #expect(try segment.json.requiredArray("images").count == 3)
    }
  }

  // MARK: - Pictures

  @Test("A picture of few levels is reported, and read with the range requested")
  func depth() throws {
    let image = try ImageReader.read(Self.still)
    let gray = (0..<image.width * image.height).map { Int(image.pixels[3 * $0]) }
    func png(_ depth: Int, _ scale: Int) -> [UInt8] {
      RawPNG(
        width: image.width, height: image.height, .gray, depth: depth,
        samples: gray.map { $0 * scale }
      ).bytes
    }
    try withTemporaryFolder { folder in
      write(png(8, 1), to: "\(folder)/eight.png")
      write(png(16, 16), to: "\(folder)/twelve.png")
      let call = ["segment", "--box", "114,43,178,110", "--json", "-o"]
      try expectSuccess(Tool.sam2.run(call + ["a", "eight.png"], in: folder))
      let dark = try Tool.sam2.run(call + ["b", "twelve.png"], in: folder)
      try expectSuccess(dark)
      #expect(try codes(dark) == ["image.depth"])
      #expect(dark.errors.contains("--sample-range 0,4095"))
      let read = try Tool.sam2.run(
        call + ["c", "twelve.png", "--sample-range", "0,4095"], in: folder)
      try expectSuccess(read)
      #expect(try codes(read).isEmpty)
      #expect(
        fileBytes("\(folder)/a/eight.png") != nil
          && fileBytes("\(folder)/a/eight.png") == fileBytes("\(folder)/c/twelve.png"))
    }
  }

  @Test("The limit of pixels holds for every command, and can be raised and lowered")
  func pixels() throws {
    try withTemporaryFolder { folder in
      let calls = [
        ["segment", Self.still, "--point", "64,63"],
        ["auto", Self.still, "--points-per-side", "2", "--pred-iou-thresh", "0"],
        ["track", Self.clip, "--point", "42,58"],
      ]
      for (index, call) in calls.enumerated() {
        let refused = try Tool.sam2.run(
          call + ["-o", "a\(index)", "--max-pixels", "20000"], in: folder)
        #expect(refused.exitCode == 65 && refused.errors.contains("--max-pixels"))
        let outcome = try Tool.sam2.run(
          call + ["-o", "b\(index)", "--max-pixels", "30000"], in: folder)
        try expectSuccess(outcome)
      }
    }
  }

  @Test("The limits of graphs can be raised by a factor")
  func graphBudget() throws {
    try withRun(
      ["segment", Self.still, "--point", "64,63", "-o", "out", "--graph-budget", "8"]
    ) { outcome, _ in try expectSuccess(outcome) }
    try withRun(
      ["segment", Self.still, "--point", "64,63", "-o", "out", "--graph-budget", "0"]
    ) { outcome, _ in #expect(outcome.exitCode == 64) }
  }

  // MARK: - Videos

  @Test("A recording that broke off fails, or ends with 1 and a notice")
  func brokeOff() throws {
    try withTemporaryFolder { folder in
      let writer = try VideoWriter(path: "\(folder)/whole.mp4", width: 192, height: 144)
      for name in folderNames(Self.clip) {
        try writer.append(ImageReader.read("\(Self.clip)/\(name)"))
      }
      try writer.finish()
      let made = try Tool.shell(
        "ffmpeg -nostdin -v error -i whole.mp4 -c:v mpeg4 whole.mkv", "ffmpeg", in: folder)
      #expect(made.exitCode == 0, "\(made.errors)")
      let bytes = try #require(fileBytes("\(folder)/whole.mkv"))
      write(Array(bytes.prefix(bytes.count * 7 / 10)), to: "\(folder)/cut.mkv")
      let call = ["track", "cut.mkv", "--point", "42,58", "--json", "-o"]
      let stopped = try Tool.sam2.run(call + ["a"], in: folder)
      #expect(stopped.exitCode == 65 && stopped.errors.contains("--on-error skip"))
      #expect(!exists("\(folder)/a"))
      let outcome = try Tool.sam2.run(call + ["b", "--on-error", "skip"], in: folder)
      #expect(outcome.exitCode == 1, "\(outcome.errors)")
      #expect(try codes(outcome).contains("video.cut_off"))
      write(
        "{\"id\": \"v\", \"video\": \"cut.mkv\", \"on_error\": \"skip\", \"actions\": ["
          + "{\"do\": \"add_points\", \"frame\": 0, \"object\": 1, \"points\": [[42, 58]], "
          + "\"labels\": [1]}, {\"do\": \"propagate\"}]}\n", to: "\(folder)/items.jsonl")
      for resume in [[], ["--resume"]] {
        let batch = try Tool.sam2.run(
          ["batch", "items.jsonl", "-o", "batch", "--json"] + resume, in: folder)
        #expect(batch.exitCode == 1)
        #expect(try batch.json.requiredInt("incomplete") == 1)
        #expect(try batch.json.requiredInt("failed") == 0)
      }
    }
  }
}
