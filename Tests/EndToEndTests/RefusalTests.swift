import Glibc
import TestSupport
import Testing

/// A call that must be refused: the exit code, and a part of the one line that says why.
struct Refusal: Sendable, CustomTestStringConvertible {
  let name: String
  let exitCode: Int32
  let says: String
  let arguments: [String]
  var environment: [String: String] = [:]

  init(_ name: String, _ exitCode: Int32, says: String, _ arguments: String...) {
    self.name = name
    self.exitCode = exitCode
    self.says = says
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
    Refusal("no such picture", 66, says: "gone.png", "gone.png", "--point", "1,2"),
    Refusal("text as a picture", 65, says: "text.png", "text.png", "--point", "1,2"),
    Refusal("empty picture", 65, says: "empty", "empty.png", "--point", "1,2"),
    Refusal("a folder as a picture", 65, says: "is a folder", "bare", "--point", "1,2"),
    Refusal("point outside", 64, says: "200x150", "p.png", "--point", "200,10"),
    Refusal("label 7", 64, says: "label 7", "p.png", "--point", "20,10,7"),
    Refusal("box the wrong way round", 64, says: "no area", "p.png", "--box", "90,90,20,20"),
    Refusal("point without y", 64, says: "--point", "p.png", "--point", "20"),
    Refusal("point not a number", 64, says: "--point", "p.png", "--point", "nan,3"),
    Refusal("no prompt", 64, says: "--point", "p.png"),
    Refusal(
      "two ways of choosing", 64, says: "--best", "p.png", "--point", "1,2", "--best", "--multimask"
    ),
    Refusal("no such prompts", 66, says: "gone.json", "p.png", "--prompts", "gone.json"),
    Refusal("prompts cut off", 65, says: "cut.json", "p.png", "--prompts", "cut.json"),
    Refusal("no prompts in the file", 65, says: "no prompts", "p.png", "--prompts", "none.json"),
    Refusal("unknown member", 65, says: "pionts", "p.png", "--prompts", "member.json"),
    Refusal("labels missing", 65, says: "prompts[0]", "p.png", "--prompts", "labels.json"),
    Refusal(
      "ragged logits", 64, says: "multimask", "p.png", "--prompts", "ragged.json", "--save-logits",
      "l.npy"),
    Refusal(
      "two pictures of one name", 64, says: "again/p.png", "p.png", "again/p.png", "--point", "1,2"),
    Refusal(
      "mask prompt of another size", 64, says: "picture is", "p.png", "--mask-prompt",
      Workplace.nano("mask.png")),
    Refusal(
      "no such model", 66, says: "gone.sam2", "p.png", "--point", "1,2", "--model", "gone.sam2"),
    Refusal("not a model", 65, says: "text.png", "p.png", "--point", "1,2", "--model", "text.png"),
    Refusal("unknown kernels", 64, says: "avx2", "p.png", "--point", "1,2")
      .with(environment: ["SAM2_ISA": "mmx"]),
    Refusal("point at infinity", 64, says: "--point", "p.png", "--point", "1e60,2"),
    Refusal("box of no area", 64, says: "no area", "p.png", "--box", "5,5,5,9"),
    Refusal("mask prompt in colours", 65, says: "gray", "p.png", "--mask-prompt", "rgb.png"),
    Refusal("mask prompt of 16 bits", 65, says: "gray", "p.png", "--mask-prompt", "gray16.png"),
    Refusal(
      "mask prompt that is text", 65, says: "text.png", "p.png", "--mask-prompt", "text.png"),
    Refusal("unknown format", 64, says: "coco", "p.png", "--point", "1,2", "--format", "png,cocoa"),
    Refusal("no format", 64, says: "--format", "p.png", "--point", "1,2", "--format", ""),
    Refusal(
      "format of videos", 64, says: "sav-json", "p.png", "--point", "1,2", "--format", "sav-json"),
    Refusal(
      "candidates in labels", 64, says: "davis", "p.png", "--point", "1,2", "--format", "davis",
      "--multimask"),
    Refusal(
      "number beyond a palette", 64, says: "256", "p.png", "--prompts", "large.json", "--format",
      "davis"),
    Refusal(
      "two prompts of one object", 64, says: "object 3", "p.png", "--prompts", "twice.json",
      "--format", "coco"),
    Refusal(
      "tolerance below zero", 64, says: "polygon-tolerance", "p.png", "--point", "1,2",
      "--polygon-tolerance=-1"),
    Refusal(
      "unknown part of an overlay", 64, says: "contour", "p.png", "--point", "1,2",
      "--overlay-parts", "outline"),
    Refusal("pattern without files", 66, says: "no file", "*.gif", "--point", "1,2"),
    Refusal("no such list", 66, says: "gone.txt", "@gone.txt", "--point", "1,2"),
    Refusal("list of nothing", 65, says: "no picture", "@nothing.txt", "--point", "1,2"),
    Refusal("list that is not UTF-8", 65, says: "line 1", "@latin.txt", "--point", "1,2"),
    Refusal("nothing on stdin", 65, says: "stdin", "-", "--point", "1,2"),
    Refusal(
      "logits of two pictures", 64, says: "one picture", "p.png", "q.png", "--point", "1,2",
      "--save-logits", "l.npy"),
    Refusal(
      "name too long for a result", 73, says: "bytes", String(repeating: "n", count: 240) + ".png",
      "--point", "1,2"),
  ]

  @Test("sam2 segment", arguments: segmentCalls)
  func segment(_ refusal: Refusal) throws {
    try check(refusal, ["segment"] + refusal.arguments + ["-o", "out"])
  }

  static let trackCalls: [Refusal] = [
    Refusal("no such video", 66, says: "gone.mp4", "gone.mp4", "--point", "1,2"),
    Refusal("text as a video", 65, says: "text.png", "text.png", "--point", "1,2"),
    Refusal("a picture as a video", 65, says: "picture", "p.png", "--point", "1,2"),
    Refusal("a folder without frames", 65, says: "bare", "bare", "--point", "1,2"),
    Refusal("no prompt", 64, says: "--point", clip),
    Refusal("point outside", 64, says: "192x144", clip, "--point", "192,3"),
    Refusal(
      "a mistake after a good prompt", 64, says: "frame 8", clip, "--point", "50,60", "--frame",
      "8",
      "--point", "50,60"),
    Refusal("object 0", 64, says: "object number 0", clip, "--object", "0", "--point", "1,2"),
    Refusal("object 256", 64, says: "256", clip, "--object", "256", "--point", "1,2"),
    Refusal(
      "object below 0", 64, says: "-1", clip, "--object=-1", "--point", "1,2", "--format", "sav"),
    Refusal("playlist as a video", 65, says: "known format", "list.mp4", "--point", "1,2"),
    Refusal("name like a protocol", 66, says: "concat", "concat:p.png|q.png", "--point", "1,2"),
    Refusal(
      "contact sheet in no folder", 73, says: "gone", clip, "--point", "1,2", "--contact-sheet",
      "gone/s.jpg"),
    Refusal("two boxes", 64, says: "two boxes", clip, "--box", "1,2,9,9", "--box", "3,4,9,9"),
    Refusal("no such script", 66, says: "gone.json", clip, "--script", "gone.json"),
    Refusal("script cut off", 65, says: "cut.json", clip, "--script", "cut.json"),
    Refusal("unknown action", 65, says: "dance", clip, "--script", "dance.json"),
    Refusal("no such mask", 66, says: "no.png", clip, "--script", "mask.json"),
    Refusal(
      "script and prompts", 64, says: "--script", clip, "--script", "dance.json", "--point", "1,2"),
    Refusal(
      "state in no folder", 73, says: "gone", clip, "--point", "1,2", "--save-state", "gone/s"),
    Refusal(
      "no such state", 66, says: "gone.state", clip, "--point", "1,2", "--resume", "gone.state"),
    Refusal("stop at once", 64, says: "--stop-after", clip, "--point", "1,2", "--stop-after", "0"),
    Refusal(
      "one conditioning frame", 64, says: "--max-cond-frames", clip, "--point", "1,2",
      "--max-cond-frames-in-attn", "1"),
    Refusal(
      "overlay in no folder", 73, says: "gone", clip, "--point", "1,2", "--overlay", "gone/o.mp4"),
  ]

  @Test("sam2 track", arguments: trackCalls)
  func track(_ refusal: Refusal) throws {
    try check(refusal, ["track"] + refusal.arguments + ["-o", "out"])
  }

  static let otherCalls: [Refusal] = [
    Refusal(
      "output below a file", 73, says: "text.png", "segment", "p.png", "--point", "1,2", "-o",
      "text.png/out"),
    Refusal(
      "output is a file", 73, says: "text.png", "track", clip, "--point", "1,2", "-o", "text.png"),
    Refusal(
      "masks over the picture", 64, says: "replace", "segment", "p.png", "--point", "1,2", "-o", "."
    ),
    Refusal(
      "masks over the frames", 64, says: "replace", "track", "again", "--point", "1,2", "-o",
      "again"),
    Refusal("sample into a file", 73, says: "text.png", "sample", "-o", "text.png"),
    Refusal("score of a folder and a file", 64, says: "folder", "score", "again", "p.png"),
    Refusal("score without a frame", 66, says: "again/", "score", "again", "."),
    Refusal("score of nothing", 66, says: "gone", "score", "gone", "gone"),
    Refusal("unknown command", 64, says: "'segment'", "segmint"),
    Refusal("doctor with unknown kernels", 64, says: "mmx", "doctor")
      .with(environment: ["SAM2_ISA": "mmx"]),
  ]

  @Test("the other commands", arguments: otherCalls)
  func others(_ refusal: Refusal) throws { try check(refusal, refusal.arguments) }

  /// The documented exit code, a message that names what is wrong, and no output at all.
  private func check(_ refusal: Refusal, _ arguments: [String]) throws {
    try withTemporaryFolder { folder in
      try Refusal.makeFiles(in: folder)
      let before = folderNames(folder) + folderNames("\(folder)/again")
      let outcome = try Tool.sam2.run(arguments, in: folder, environment: refusal.environment)
      #expect(outcome.exitCode == refusal.exitCode, "\(outcome.errors)")
      #expect(outcome.output == "")
      #expect(outcome.errors.contains(refusal.says), "\(outcome.errors)")
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
