import Glibc
import JSON
import TestSupport
import Testing

/// A call that must be refused: the exit code, the code of the failure, and a part of the one-line
/// message.
struct Refusal: Sendable, CustomTestStringConvertible {
  let name: String
  let exitCode: Int32
  /// Nil for what the parser of command lines refuses.
  let code: String?
  let message: String
  let arguments: [String]
  var environment: [String: String] = [:]

  init(
    _ name: String, _ exitCode: Int32, _ code: String?, message: String, _ arguments: String...
  ) {
    self.name = name
    self.exitCode = exitCode
    self.code = code
    self.message = message
    self.arguments = arguments
  }

  func with(environment: [String: String]) -> Refusal {
    var copy = self
    copy.environment = environment
    return copy
  }

  var testDescription: String { name }

  /// Files that the calls are about, in the folder where they run.
  static func makeFiles(in folder: String) throws {
    write("not a picture", to: "\(folder)/text.png")
    write([], to: "\(folder)/empty.png")
    write(
      "{\"prompts\": [{\"points\": [[1, 2]], \"labels\": [1, 1]}]}", to: "\(folder)/labels.json")
    write("{\"prompts\": []}", to: "\(folder)/none.json")
    write("{\"prompts\": [{\"pionts\": []}]}", to: "\(folder)/member.json")
    write("{\"prompts\": [", to: "\(folder)/cut.json")
    write(
      "{\"prompts\": [{\"points\": [[1, 2]], \"multimask\": true}, {\"points\": [[1, 2]]}]}",
      to: "\(folder)/ragged.json")
    write("{\"actions\": [{\"do\": \"dance\"}]}", to: "\(folder)/dance.json")
    write(
      "{\"actions\": [{\"do\": \"add_mask\", \"frame\": 0, \"object\": 1, \"mask\": \"no.png\"}]}",
      to: "\(folder)/mask.json")
    write(
      "{\"prompts\": [{\"points\": [[1, 2]], \"object\": 3}, {\"points\": [[9, 9]], \"object\": 3}]}",
      to: "\(folder)/twice.json")
    write("{\"prompts\": [{\"points\": [[1, 2]], \"object\": 256}]}", to: "\(folder)/large.json")
    write("\n\n", to: "\(folder)/nothing.txt")
    write("#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", to: "\(folder)/list.mp4")
    write([0x61, 0xFF, 0x0A], to: "\(folder)/latin.txt")
    write(
      fileBytes(fixturePath("rgb8_13x9.png", target: "MediaTests")) ?? [], to: "\(folder)/rgb.png")
    write(
      fileBytes(fixturePath("gray16_13x9.png", target: "MediaTests")) ?? [],
      to: "\(folder)/gray16.png")
    mkdir("\(folder)/bare", 0o700)
    mkdir("\(folder)/again", 0o700)
    let picture = fileBytes(Workplace.nano("still.png")) ?? []
    for name in ["p.png", "q.png", "again/p.png"] { write(picture, to: "\(folder)/\(name)") }
  }
}

@Suite("Calls that are refused")
struct RefusalTests {
  static let clip = Workplace.nano("clip")

  static let segmentCalls: [Refusal] = [
    Refusal(
      "no such picture", 66, "file.missing", message: "missing.png", "missing.png", "--point", "1,2"
    ),
    Refusal(
      "text as a picture", 65, "image.format", message: "text.png", "text.png", "--point", "1,2"),
    Refusal("empty picture", 65, "image.format", message: "empty", "empty.png", "--point", "1,2"),
    Refusal(
      "a folder as a picture", 65, "input.no_pictures", message: "is a folder", "bare", "--point",
      "1,2"),
    Refusal(
      "point in no picture", 64, "prompt.coordinate", message: "nowhere", "p.png", "--point",
      "3e20,10"),
    Refusal("label 7", 64, "prompt.label", message: "label 7", "p.png", "--point", "20,10,7"),
    Refusal(
      "box the wrong way round", 64, "prompt.box_order", message: "no area", "p.png", "--box",
      "90,90,20,20"),
    Refusal("point without y", 64, nil, message: "--point", "p.png", "--point", "20"),
    Refusal("point not a number", 64, nil, message: "--point", "p.png", "--point", "nan,3"),
    Refusal("no prompt", 64, nil, message: "--point", "p.png"),
    Refusal(
      "two ways of choosing", 64, nil, message: "--best", "p.png", "--point", "1,2", "--best",
      "--multimask"),
    Refusal(
      "no such prompts", 66, "file.missing", message: "missing.json", "p.png", "--prompts",
      "missing.json"),
    Refusal(
      "prompts cut off", 65, "json.syntax", message: "cut.json", "p.png", "--prompts", "cut.json"),
    Refusal(
      "no prompts in the file", 65, "prompts.empty", message: "no prompts", "p.png", "--prompts",
      "none.json"),
    Refusal(
      "unknown member", 65, "prompts.member", message: "pionts", "p.png", "--prompts", "member.json"
    ),
    Refusal(
      "labels missing", 65, "prompts.labels", message: "prompts[0]", "p.png", "--prompts",
      "labels.json"),
    Refusal(
      "ragged logits", 64, "logits.ragged", message: "multimask", "p.png", "--prompts",
      "ragged.json", "--save-logits", "l.npy"),
    Refusal(
      "two pictures of one name", 64, "output.same_name", message: "again/p.png", "p.png",
      "again/p.png", "--point", "1,2"),
    Refusal(
      "mask prompt of another size", 64, "prompt.mask_size", message: "picture is", "p.png",
      "--mask-prompt", Workplace.nano("mask.png")),
    Refusal(
      "no such model", 66, "file.missing", message: "missing.sam2", "p.png", "--point", "1,2",
      "--model", "missing.sam2"),
    Refusal(
      "not a model", 65, "model.magic", message: "text.png", "p.png", "--point", "1,2", "--model",
      "text.png"),
    Refusal("unknown kernels", 64, "cpu.level", message: "scalar", "p.png", "--point", "1,2")
      .with(environment: ["SAM2_ISA": "mmx"]),
    Refusal("point at infinity", 64, nil, message: "--point", "p.png", "--point", "1e60,2"),
    Refusal(
      "box of no area", 64, "prompt.box_order", message: "no area", "p.png", "--box", "5,5,5,9"),
    Refusal(
      "mask prompt with many colours", 65, "mask.colours", message: "colours", "p.png",
      "--mask-prompt", "p.png"),
    Refusal(
      "boxes and a point", 64, nil, message: "several boxes", "p.png", "--box", "1,2,9,9", "--box",
      "3,4,9,9", "--point", "4,5"),
    Refusal(
      "two files of prompts", 64, nil, message: "2 times", "p.png", "--prompts", "none.json",
      "--prompts", "labels.json"),
    Refusal(
      "range of samples upside down", 64, nil, message: "--sample-range", "p.png", "--point", "1,2",
      "--sample-range", "9,3"),
    Refusal(
      "no pixels at all", 64, nil, message: "--max-pixels", "p.png", "--point", "1,2",
      "--max-pixels", "-1"),
    Refusal(
      "two pictures of one name in a list", 64, "output.same_name", message: "same name", "p.png",
      "again/p.png", "--point", "1,2", "--format", "coco"),
    Refusal(
      "mask prompt that is text", 65, "image.format", message: "text.png", "p.png", "--mask-prompt",
      "text.png"),
    Refusal(
      "unknown format", 64, nil, message: "coco", "p.png", "--point", "1,2", "--format", "png,cocoa"
    ),
    Refusal("no format", 64, nil, message: "--format", "p.png", "--point", "1,2", "--format", ""),
    Refusal(
      "format of videos", 64, "format.unsuitable", message: "sav-json", "p.png", "--point", "1,2",
      "--format", "sav-json"),
    Refusal(
      "candidates in labels", 64, "labels.masks", message: "davis", "p.png", "--point", "1,2",
      "--format", "davis", "--multimask"),
    Refusal(
      "number beyond a palette", 64, "labels.identifier", message: "256", "p.png", "--prompts",
      "large.json", "--format", "davis"),
    Refusal(
      "two prompts of one object", 64, "labels.duplicate", message: "object 3", "p.png",
      "--prompts", "twice.json", "--format", "coco"),
    Refusal(
      "tolerance below zero", 64, nil, message: "polygon-tolerance", "p.png", "--point", "1,2",
      "--polygon-tolerance=-1"),
    Refusal(
      "unknown part of an overlay", 64, nil, message: "contour", "p.png", "--point", "1,2",
      "--overlay-parts", "outline"),
    Refusal(
      "pattern without files", 66, "input.no_match", message: "no file", "*.gif", "--point", "1,2"),
    Refusal(
      "no such list", 66, "file.missing", message: "missing.txt", "@missing.txt", "--point", "1,2"),
    Refusal(
      "list of nothing", 65, "input.list", message: "no picture", "@nothing.txt", "--point", "1,2"),
    Refusal(
      "list that is not UTF-8", 65, "input.list", message: "line 1", "@latin.txt", "--point", "1,2"),
    Refusal("nothing on stdin", 65, "input.list", message: "stdin", "-", "--point", "1,2"),
    Refusal(
      "logits of two pictures", 64, "logits.pictures", message: "one picture", "p.png", "q.png",
      "--point", "1,2", "--save-logits", "l.npy"),
    Refusal(
      "name too long for a result", 73, "output.name_too_long", message: "bytes",
      String(repeating: "n", count: 240) + ".png", "--point", "1,2"),
  ]

  @Test("sam2 segment", arguments: segmentCalls)
  func segment(_ refusal: Refusal) throws {
    try check(refusal, ["segment"] + refusal.arguments + ["-o", "out"])
  }

  static let trackCalls: [Refusal] = [
    Refusal(
      "no such video", 66, "file.missing", message: "missing.mp4", "missing.mp4", "--point", "1,2"),
    Refusal(
      "text as a video", 65, "video.format", message: "text.png", "text.png", "--point", "1,2"),
    Refusal(
      "a picture as a video", 65, "video.format", message: "picture", "p.png", "--point", "1,2"),
    Refusal(
      "a folder without frames", 65, "video.no_frames", message: "bare", "bare", "--point", "1,2"),
    Refusal("no prompt", 64, nil, message: "--point", clip),
    Refusal(
      "point in no picture", 64, "prompt.coordinate", message: "nowhere", clip, "--point", "1,-3e20"
    ),
    Refusal(
      "a mistake after a good prompt", 64, "track.frame", message: "frame 8", clip, "--point",
      "50,60", "--frame", "8", "--point", "50,60"),
    Refusal(
      "object 0", 64, "labels.identifier", message: "object number 0", clip, "--object", "0",
      "--point", "1,2"),
    Refusal(
      "object 256", 64, "labels.identifier", message: "256", clip, "--object", "256", "--point",
      "1,2"),
    Refusal(
      "object below 0", 64, "labels.identifier", message: "-1", clip, "--object=-1", "--point",
      "1,2", "--format", "sav"),
    Refusal(
      "playlist as a video", 65, "video.format", message: "known format", "list.mp4", "--point",
      "1,2"),
    Refusal(
      "name like a protocol", 66, "file.missing", message: "concat", "concat:p.png|q.png",
      "--point", "1,2"),
    Refusal(
      "contact sheet in no folder", 73, "output.folder", message: "nowhere", clip, "--point", "1,2",
      "--contact-sheet", "nowhere/s.jpg"),
    Refusal(
      "two boxes", 64, "prompt.boxes", message: "two boxes", clip, "--box", "1,2,9,9", "--box",
      "3,4,9,9"),
    Refusal(
      "no such script", 66, "file.missing", message: "missing.json", clip, "--script",
      "missing.json"),
    Refusal("script cut off", 65, "json.syntax", message: "cut.json", clip, "--script", "cut.json"),
    Refusal(
      "unknown action", 65, "script.action", message: "dance", clip, "--script", "dance.json"),
    Refusal("no such mask", 66, "file.missing", message: "no.png", clip, "--script", "mask.json"),
    Refusal(
      "two scripts", 64, nil, message: "2 times", clip, "--script", "dance.json", "--script",
      "mask.json"),
    Refusal(
      "script and prompts", 64, nil, message: "--script", clip, "--script", "dance.json", "--point",
      "1,2"),
    Refusal(
      "state in no folder", 73, "output.folder", message: "nowhere", clip, "--point", "1,2",
      "--save-state", "nowhere/s"),
    Refusal(
      "no such state", 66, "file.missing", message: "missing.state", clip, "--point", "1,2",
      "--resume", "missing.state"),
    Refusal(
      "stop at once", 64, nil, message: "--stop-after", clip, "--point", "1,2", "--stop-after", "0"),
    Refusal(
      "one conditioning frame", 64, nil, message: "--max-cond-frames", clip, "--point", "1,2",
      "--max-cond-frames-in-attn", "1"),
    Refusal(
      "overlay in no folder", 73, "output.folder", message: "nowhere", clip, "--point", "1,2",
      "--overlay", "nowhere/o.mp4"),
  ]

  @Test("sam2 track", arguments: trackCalls)
  func track(_ refusal: Refusal) throws {
    try check(refusal, ["track"] + refusal.arguments + ["-o", "out"])
  }

  static let otherCalls: [Refusal] = [
    Refusal(
      "output below a file", 73, "output.folder", message: "text.png", "segment", "p.png",
      "--point", "1,2", "-o", "text.png/out"),
    Refusal(
      "output is a file", 73, "output.folder", message: "text.png", "track", clip, "--point", "1,2",
      "-o", "text.png"),
    Refusal(
      "masks over the picture", 64, "output.is_input", message: "replace", "segment", "p.png",
      "--point", "1,2", "-o", "."),
    Refusal(
      "masks over the frames", 64, "output.is_input", message: "replace", "track", "again",
      "--point", "1,2", "-o", "again"),
    Refusal("sample into a file", 73, nil, message: "text.png", "sample", "-o", "text.png"),
    Refusal(
      "score of a folder and a file", 64, "score.kinds", message: "folder", "score", "again",
      "p.png"),
    Refusal(
      "score without a frame", 66, "score.missing_frame", message: "again/", "score", "again", "."),
    Refusal(
      "score of nothing", 66, "file.missing", message: "nowhere", "score", "nowhere", "nowhere"),
    Refusal("unknown command", 64, nil, message: "'segment'", "segmint"),
    Refusal("doctor with unknown kernels", 64, "cpu.level", message: "mmx", "doctor")
      .with(environment: ["SAM2_ISA": "mmx"]),
  ]

  @Test("the other commands", arguments: otherCalls)
  func others(_ refusal: Refusal) throws { try check(refusal, refusal.arguments) }

  /// The documented exit code, a message that names what is wrong, and no output at all.
  private func check(_ refusal: Refusal, _ arguments: [String]) throws {
    try withTemporaryFolder { folder in
      try Refusal.makeFiles(in: folder)
      let before = folderNames(folder) + folderNames("\(folder)/again")
      let json = refusal.code == nil ? [] : ["--json"]
      let outcome = try Tool.sam2.run(
        [arguments[0]] + json + arguments.dropFirst(), in: folder,
        environment: refusal.environment)
      #expect(outcome.exitCode == refusal.exitCode, "\(outcome.errors)")
      if let code = refusal.code {
        let error = try outcome.json.required("error")
        let (found, exit) = (error["code"]?.string, error["exit"]?.int)
        #expect(found == code)
        #expect(exit == Int(refusal.exitCode))
      } else {
        #expect(outcome.output == "")
      }
      #expect(outcome.errors.contains(refusal.message), "\(outcome.errors)")
      #expect(outcome.errors.lowercased().hasPrefix("error: "), "\(outcome.errors)")
      #expect(folderNames(folder) + folderNames("\(folder)/again") == before)
    }
  }

  @Test("A name with escape sequences does not reach the terminal")
  func hostileName() throws {
    try withRun(["segment", "a\u{1B}[31m\nb.png", "--point", "1,2", "-o", "out"]) { outcome, _ in
      #expect(outcome.exitCode == 66)
      #expect(!outcome.errors.dropLast().contains { $0 == "\u{1B}" || $0 == "\n" })
    }
  }
}
