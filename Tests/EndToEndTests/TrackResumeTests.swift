import Bytes
import JSON
import TestSupport
import Testing

@Suite("sam2 track, stopped and resumed")
struct TrackResumeTests {
  /// Two directions, a correction, an object that comes later and one that leaves.
  static let script = """
    {"actions": [
      {"do": "add_points", "frame": 3, "object": 1, "points": [[48, 60]], "labels": [1]},
      {"do": "add_points", "frame": 3, "object": 2, "box": [125, 60, 189, 122]},
      {"do": "propagate", "max_frames": 2},
      {"do": "propagate", "start": 3, "reverse": true},
      {"do": "add_points", "frame": 5, "object": 1, "points": [[70, 64]], "labels": [1]},
      {"do": "remove_object", "object": 2},
      {"do": "add_mask", "frame": 0, "object": 3, "mask": "mask.png"},
      {"do": "propagate", "start": 0}]}
    """
  /// Frames that the script tracks: 3 + 4 + 8.
  static let trackedCount = 15

  private func track(
    _ folder: String, _ output: String, _ more: [String]
  ) throws -> Tool.Outcome {
    write(Self.script, to: "\(folder)/script.json")
    write(fileBytes(Workplace.nano("mask.png")) ?? [], to: "\(folder)/mask.png")
    return try Tool.sam2.run(
      [
        "track", Workplace.nano("clip"), "--script", "script.json", "-o", output, "--save-logits",
        output + "-logits", "--json",
      ] + more, in: folder)
  }

  private func contents(_ folder: String) -> [String: [UInt8]] {
    Dictionary(
      uniqueKeysWithValues: folderNames(folder).map { ($0, fileBytes("\(folder)/\($0)") ?? []) })
  }

  @Test("A job stopped anywhere gives the files of one that never stopped", arguments: [2, 3, 9])
  func sameFiles(step: Int) throws {
    try withTemporaryFolder { folder in
      let formats = ["--format", "davis,coco"]
      let whole = try track(folder, "whole", ["--overlay", "whole-drawn"] + formats)
      try expectSuccess(whole)
      #expect(try whole.json["finished"]?.bool == true)

      var runs = 0
      var isFinished = false
      while !isFinished, runs < 20 {
        let resume = runs == 0 ? [] : ["--resume", "job.state"]
        let options =
          ["--stop-after", "\(step)", "--save-state", "job.state", "--overlay", "parts-drawn"]
          + resume + formats
        let outcome = try Tool.sam2.run(
          [
            "track", Workplace.nano("clip"), "--script", "script.json", "-o", "parts",
            "--save-logits", "parts-logits", "--json",
          ] + options, in: folder)
        try expectSuccess(outcome)
        isFinished = try outcome.json["finished"]?.bool == true
        runs += 1
      }
      // A job that stops with its last frame still has to find out that it is over.
      #expect(runs == Self.trackedCount / step + 1)
      for suffix in ["/davis", "/coco", "-logits", "-drawn"] {
        let expected = contents("\(folder)/whole\(suffix)")
        #expect(!expected.isEmpty)
        #expect(contents("\(folder)/parts\(suffix)") == expected, "\(suffix)")
      }
    }
  }

  @Test("States that are damaged, cut off or of another job are refused")
  func refusals() throws {
    try withTemporaryFolder { folder in
      try expectSuccess(track(folder, "out", ["--stop-after", "1", "--save-state", "good.state"]))
      let good = fileBytes("\(folder)/good.state") ?? []
      var damaged = good
      damaged[good.count / 2] ^= 1
      write(damaged, to: "\(folder)/damaged.state")
      write(Array(good.prefix(good.count / 2)), to: "\(folder)/cut.state")
      write("not a state", to: "\(folder)/text.state")
      func refuse(
        _ state: String, _ exitCode: Int32, _ message: String, _ more: [String] = []
      ) throws {
        let outcome = try Tool.sam2.run(
          [
            "track", Workplace.nano("clip"), "--script", "script.json", "-o", "refused", "--resume",
            state,
          ] + more, in: folder)
        #expect(outcome.exitCode == exitCode, "\(outcome.errors)")
        #expect(outcome.errors.contains(message), "\(outcome.errors)")
        #expect(!exists("\(folder)/refused"))
      }
      try refuse("missing.state", 66, "missing.state")
      try refuse("damaged.state", 65, "checksum")
      try refuse("cut.state", 65, "checksum")
      try refuse("text.state", 65, "not a tracking state")
      try refuse("good.state", 65, "other options", ["--fill-hole-area", "0"])
      try refuse("good.state", 64, "kept no masks", ["--overlay", "drawn"])
      try refuse("good.state", 65, "other options", ["--memory-temporal-stride-for-eval", "2"])
      write(
        Self.script.replacing("[[70, 64]]", with: "[[71, 64]]"), to: "\(folder)/script.json")
      try refuse("good.state", 65, "other prompts")
    }
  }

  @Test("A job that fails leaves its state, and resumes once the cause is removed")
  func failure() throws {
    try withTemporaryFolder { folder in
      let names = folderNames(Workplace.nano("clip"))
      try expectSuccess(
        Tool.sam2.run(
          ["track", Workplace.nano("clip"), "--point", "42,58", "-o", "whole"], in: folder))
      try Tool.makeFolder("\(folder)/frames")
      func writeFrames(damaging damaged: String?) {
        for name in names {
          let bytes = fileBytes(Workplace.nano("clip/\(name)")) ?? []
          write(name == damaged ? Array(bytes.prefix(40)) : bytes, to: "\(folder)/frames/\(name)")
        }
      }
      writeFrames(damaging: names[4])
      let call = ["track", "frames", "--point", "42,58", "-o", "parts"]
      let failed = try Tool.sam2.run(call + ["--save-state", "job.state"], in: folder)
      #expect(failed.exitCode == 65)
      #expect(folderNames("\(folder)/parts").count == 4)
      writeFrames(damaging: nil)
      try expectSuccess(Tool.sam2.run(call + ["--resume", "job.state"], in: folder))
      #expect(contents("\(folder)/parts") == contents("\(folder)/whole"))
    }
  }
}
