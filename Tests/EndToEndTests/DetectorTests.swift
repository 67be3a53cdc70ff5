import Bytes
import DetectorConfig
import DetectorSamples
import JSON
import SafetensorsCheckpoint
import Tensors
import TestSupport
import Testing

/// A small detector with weights that follow from a formula, converted once for all tests.
private struct DetectorWorkplace {
  let workplace: Workplace
  /// The checkpoint as transformers saves it, with its tokenizer.
  let checkpoint: String
  let detector: String

  static let shared = Result<DetectorWorkplace, any Error> { try DetectorWorkplace() }

  private init() throws {
    workplace = try Workplace.shared.get()
    checkpoint = "\(workplace.folder)/tiny-owlv2"
    detector = "\(workplace.folder)/tiny-owlv2.sam2"
    try Tool.makeFolder(checkpoint)
    _ = try SafetensorsWriter.write(
      FormulaCheckpoint(.tiny(.owlv2)), to: "\(checkpoint)/model.safetensors",
      replaceExisting: true)
    let fixture = try JSONValue(
      parsing: fileBytes(fixturePath("outputs.json", target: "DetectorTests")) ?? [])
    let merges = try fixture.requiredArray("merges").compactMap(\.string)
    write("#version: 0.2\n" + merges.map { $0 + "\n" }.joined(), to: "\(checkpoint)/merges.txt")
    write(
      #"{"model_type": "owlv2", "text_config": {"num_attention_heads": 3}, "#
        + #""vision_config": {"num_attention_heads": 4}}"#, to: "\(checkpoint)/config.json")
    let outcome = try Tool.convert.run([checkpoint, "-o", detector], in: workplace.folder)
    guard outcome.exitCode == 0 else { throw ToolProblem.failed(outcome.errors) }
  }
}

@Suite("Detectors")
struct DetectorToolTests {
  private let place: DetectorWorkplace

  init() throws { place = try DetectorWorkplace.shared.get() }

  private var picture: String { "\(place.workplace.scene)/picture.png" }

  /// Runs sam2 with the detector in a fresh folder.
  private func run(
    _ arguments: [String], _ body: (Tool.Outcome, String) throws -> Void = { _, _ in }
  ) throws {
    try withTemporaryFolder { folder in
      try body(try Tool.sam2.run(arguments + ["--detector", place.detector], in: folder), folder)
    }
  }

  private func json(_ path: String) throws -> JSONValue {
    try JSONValue(parsing: fileBytes(path) ?? [])
  }

  // MARK: - Converting

  @Test("Conversion identifies the model, and its file verifies and runs")
  func conversion() throws {
    let outcome = try Tool.convert.run(
      [place.checkpoint, "--dry-run", "--json"], in: place.workplace.folder)
    try expectSuccess(outcome)
    #expect(try outcome.json.requiredString("family") == "OWLv2")
    #expect(try outcome.json.requiredInt("image_size") == 96)
    let verified = try Tool.convert.run(
      ["verify", place.detector, "--run"], in: place.workplace.folder)
    try expectSuccess(verified)
  }

  @Test("A checkpoint without tokenizer is refused, and one is found where it is named")
  func tokenizer() throws {
    try withTemporaryFolder { folder in
      let file = "\(place.checkpoint)/model.safetensors"
      write(fileBytes(file) ?? [], to: "\(folder)/model.safetensors")
      let refused = try Tool.convert.run(["model.safetensors", "-o", "d.sam2"], in: folder)
      #expect(refused.exitCode == 65 && refused.errors.contains("--tokenizer"))
      #expect(!exists("\(folder)/d.sam2"))
      let named = try Tool.convert.run(
        [
          "model.safetensors", "--tokenizer", place.checkpoint, "--image-size", "64", "-o",
          "d.sam2",
        ],
        in: folder)
      try expectSuccess(named)
      #expect(named.errors.contains("64x64"))
    }
  }

  @Test("Options of detectors are refused for SAM 2, and the reverse")
  func options() throws {
    let sam2 = try Tool.convert.run(
      [Workplace.nano("nano.pt"), "--tokenizer", place.checkpoint, "--dry-run"],
      in: place.workplace.folder)
    #expect(sam2.exitCode != 0)
    let detector = try Tool.convert.run(
      [place.checkpoint, "--weights", "ema", "--dry-run"], in: place.workplace.folder)
    #expect(detector.exitCode == 64)
  }

  @Test("Export gives the checkpoint back, and refuses rounded weights")
  func export() throws {
    try withTemporaryFolder { folder in
      let exported = try Tool.convert.run(
        ["export", place.detector, "-o", "back.safetensors"], in: folder)
      try expectSuccess(exported)
      let (old, new) = (
        try SafetensorsCheckpoint(
          storage: MappedFile.open("\(place.checkpoint)/model.safetensors")),
        try SafetensorsCheckpoint(storage: MappedFile.open("\(folder)/back.safetensors"))
      )
      #expect(Set(old.names) == Set(new.names))
      for name in old.names {
        let isSame = try old.tensor(name).floats() == new.tensor(name).floats()
        #expect(isSame, "\(name)")
      }
      try expectSuccess(Tool.quantize.run([place.detector, "-o", "int8.sam2"], in: folder))
      let refused = try Tool.convert.run(["export", "int8.sam2", "-o", "no.h5"], in: folder)
      #expect(refused.exitCode == 64 && refused.errors.contains("export the model"))
      #expect(!exists("\(folder)/no.h5"))
    }
  }

  // MARK: - Detecting

  @Test("Boxes come as JSON, COCO and YOLO, and on pictures")
  func detect() throws {
    let target = ["--text", "the", "on in", "--threshold", "0.05"]
    try run(
      ["detect", picture] + target + ["-o", "out", "--format", "coco,yolo", "--overlay", "--json"]
    ) { outcome, folder in
      try expectSuccess(outcome)
      let image = try outcome.json.requiredArray("images")[0]
      let found = try image.requiredArray("detections")
      #expect(!found.isEmpty)
      for detection in found {
        #expect(["the", "on in"].contains(try detection.requiredString("label")))
        #expect(try detection.requiredDouble("score") > 0.05)
        #expect(try detection.requiredArray("box").count == 4)
      }
      let coco = try json("\(folder)/out/coco/coco.json")
      let annotations = try coco.requiredArray("annotations")
      #expect(annotations.count == found.count)
      let names = try coco.requiredArray("categories").map { try $0.requiredString("name") }
      #expect(names == ["the", "on in"])
      let labels = fileBytes("\(folder)/out/yolo/labels/picture.txt") ?? []
      #expect(labels.count { $0 == UInt8(ascii: "\n") } == found.count)
      #expect(exists("\(folder)/out/yolo/data.yaml") && exists("\(folder)/out/picture_overlay.png"))
    }
  }

  @Test("An example replaces words")
  func example() throws {
    let target = ["--like", picture, "--box", "2,2,40,40", "--threshold", "0.3"]
    try run(["detect", picture] + target + ["--json"]) { outcome, _ in
      try expectSuccess(outcome)
      let found = try outcome.json.requiredArray("images")[0].requiredArray("detections")
      #expect(try found.first?.requiredString("label") == "picture")
    }
  }

  @Test("When nothing is found the files are empty, and the exit code is 1")
  func nothing() throws {
    let none = ["--text", "the", "--threshold", "1"]
    try run(["detect", picture, "-o", "out", "--format", "coco,yolo"] + none) { outcome, folder in
      #expect(outcome.exitCode == 1 && outcome.errors.contains("nothing was found"))
      let annotations = try json("\(folder)/out/coco/coco.json").requiredArray("annotations")
      #expect(annotations.isEmpty)
      #expect(fileBytes("\(folder)/out/yolo/labels/picture.txt") == [])
    }
    try run(["segment", picture, "-o", "out", "--format", "coco,davis"] + none) { outcome, folder in
      #expect(outcome.exitCode == 1 && outcome.errors.contains("nothing was found"))
      let annotations = try json("\(folder)/out/coco/coco.json").requiredArray("annotations")
      #expect(annotations.isEmpty)
      #expect(exists("\(folder)/out/davis/picture.png"))
    }
    try run(["track", "\(place.workplace.scene)/frames", "-o", "out"] + none) { outcome, folder in
      #expect(outcome.exitCode == 1 && outcome.errors.contains("nothing was found"))
      #expect(folderNames("\(folder)/out") == folderNames("\(place.workplace.scene)/truth"))
    }
  }

  // MARK: - Quantising

  @Test("Calibration reads pictures, holds some out for measuring, and is recorded in the file")
  func calibrate() throws {
    try withTemporaryFolder { folder in
      try Tool.makeFolder("\(folder)/photos")
      for (index, name) in folderNames("\(place.workplace.scene)/frames").prefix(5).enumerated() {
        let bytes = fileBytes("\(place.workplace.scene)/frames/\(name)") ?? []
        write(bytes, to: "\(folder)/photos/photo\(index).jpg")
      }
      write("no picture", to: "\(folder)/bad.jpg")
      let call = [
        place.detector, "-o", "d.sam2", "--calibrate", "photos", "--calibrate", "bad.jpg",
      ]
      let outcome = try Tool.quantize.run(
        call + ["--json", "--keep-fp32", "*layers.0.mlp*"], in: folder)
      #expect(outcome.exitCode == 1, "\(outcome.errors)")
      #expect(try outcome.json.requiredArray("skipped").count == 1)
      let inspected = try Tool.convert.run(["inspect", "d.sam2", "--json"], in: folder)
      try expectSuccess(inspected)
      let history = try inspected.json.required("metadata").required("quantization")
      let sources = try history.required("calibration").requiredArray("sources")
      #expect(
        try sources.map { try $0.requiredBool("held_out") } == [false, false, false, true, false])
      #expect(try history.required("equalisation").requiredString("by") == "inputs")
      #expect(try history.required("agreement").requiredInt("pictures") == 1)
      #expect(try history.requiredString("source_sha256").count == 64)
      let kept = try history.required("recipe").requiredArray("keep_fp32").compactMap(\.string)
      #expect(kept.contains("*layers.0.mlp*") && kept.contains("class_head.*"))
      let run = try Tool.sam2.run(
        ["detect", picture, "--detector", "d.sam2", "--text", "the", "--threshold", "0.05"],
        in: folder)
      try expectSuccess(run)
    }
  }

  @Test(
    "Options of masks are refused for a detector",
    arguments: [
      ["--min-iou", "0.9", "--calibrate", "."], ["--bisect"], ["--optimize-only"], ["--image-only"],
    ])
  func maskOptions(_ options: [String]) throws {
    try withTemporaryFolder { folder in
      let outcome = try Tool.quantize.run([place.detector, "-o", "d.sam2"] + options, in: folder)
      #expect(outcome.exitCode == 64 && !exists("\(folder)/d.sam2"))
    }
  }

  // MARK: - Masks

  @Test("Masks of words carry label and score into JSON and COCO")
  func segment() throws {
    let target = ["--text", "the", "on in", "--threshold", "0.05", "--max-detections", "3"]
    try run(
      ["segment", picture] + target + ["-o", "out", "--format", "png,coco", "--json"]
    ) { outcome, folder in
      try expectSuccess(outcome)
      let prompts = try outcome.json.requiredArray("images")[0].requiredArray("prompts")
      #expect((1...3).contains(prompts.count))
      for prompt in prompts {
        #expect(["the", "on in"].contains(try prompt.requiredString("label")))
        #expect(try prompt.requiredDouble("score") > 0.05)
      }
      let names = folderNames("\(folder)/out/png")
      #expect(names == prompts.indices.map { "picture_\($0)_0.png" })
      let coco = try json("\(folder)/out/coco/coco.json")
      let categories = try coco.requiredArray("categories")
      #expect(categories.count == 2)
      for annotation in try coco.requiredArray("annotations") {
        #expect((1...2).contains(try annotation.requiredInt("category_id")))
        #expect(try annotation.requiredDouble("score") > 0.05)
      }
    }
  }

  @Test("Words start tracks, and are looked for again", arguments: [nil, "2"])
  func track(_ interval: String?) throws {
    let again = interval.map { ["--detect-every", $0] } ?? []
    let target = ["--text", "the", "--threshold", "0.3", "--max-detections", "2"]
    let frames = "\(place.workplace.scene)/frames"
    try run(["track", frames] + target + again + ["-o", "out", "--json"]) { outcome, folder in
      try expectSuccess(outcome)
      #expect(folderNames("\(folder)/out") == folderNames("\(place.workplace.scene)/truth"))
      let objects = try outcome.json.requiredArray("objects")
      #expect(!objects.isEmpty)
      for object in objects { #expect(try object.requiredString("label") == "the") }
      let last = try #require(try outcome.json.requiredArray("frames").last)
      let tracked = try last.requiredArray("objects")
      #expect(!tracked.isEmpty)
    }
  }

  @Test("Tracking by words can be stopped and resumed with the same masks", arguments: [1, 5, 17])
  func resume(_ stop: Int) throws {
    let frames = "\(place.workplace.scene)/frames"
    let target = ["--text", "the", "--threshold", "0.3", "--max-detections", "2"]
    let call = ["track", frames] + target + ["--detect-every", "4", "--format", "davis,coco"]
    try run(call + ["-o", "whole"]) { outcome, folder in
      try expectSuccess(outcome)
      func detectorRun(_ more: [String]) throws -> Tool.Outcome {
        try Tool.sam2.run(call + ["--detector", place.detector] + more, in: folder)
      }
      let pause = ["-o", "parts", "--save-state", "state", "--stop-after", "\(stop)"]
      try expectSuccess(try detectorRun(pause))
      let other = try Tool.sam2.run(
        ["track", frames, "--text", "on", "--detector", place.detector, "-o", "parts"]
          + ["--resume", "state"], in: folder)
      #expect(other.exitCode == 65 && other.errors.contains("other prompts"))
      try expectSuccess(try detectorRun(["-o", "parts", "--resume", "state"]))
      let names = folderNames("\(folder)/whole/davis")
      #expect(names == folderNames("\(folder)/parts/davis") && !names.isEmpty)
      for path in names.map({ "davis/\($0)" }) + ["coco/coco.json"] {
        let isSame = fileBytes("\(folder)/whole/\(path)") == fileBytes("\(folder)/parts/\(path)")
        #expect(isSame, "\(path)")
      }
    }
  }

  @Test("A script looks for words beside clicks, and its objects keep apart")
  func script() throws {
    try withTemporaryFolder { folder in
      write(
        """
        {"actions": [
          {"do": "add_points", "frame": 0, "object": 3, "points": [[9, 9]], "labels": [1]},
          {"do": "detect", "frame": 0, "text": "the", "threshold": 0.3, "max_detections": 2},
          {"do": "propagate", "start": 0, "max_frames": 3}]}
        """, to: "\(folder)/script.json")
      let call = ["track", "\(place.workplace.scene)/frames", "--script", "script.json", "--json"]
      let outcome = try Tool.sam2.run(
        call + ["-o", "out", "--format", "coco", "--detector", place.detector], in: folder)
      try expectSuccess(outcome)
      let objects = try outcome.json.requiredArray("objects")
      #expect(!objects.isEmpty)
      for object in objects { #expect(try object.requiredInt("object") > 3) }
      let coco = try json("\(folder)/out/coco.json")
      let categories = try coco.requiredArray("categories")
      #expect(try categories.map { try $0.requiredString("name") } == ["the", "object"])
      let without = try Tool.sam2.run(call + ["-o", "none"], in: folder)
      #expect(without.exitCode == 64 && without.errors.contains("--detector"))
      #expect(!exists("\(folder)/none"))
    }
  }

  @Test("A batch tracks what the items of videos name")
  func batchVideo() throws {
    try withTemporaryFolder { folder in
      let video = "\(place.workplace.scene)/frames"
      write(
        """
        {"id": "a", "video": "\(video)", "text": "the", "detect_every": 6, "stop_after": 9}
        {"id": "b", "video": "\(video)", "text": "the", "detect_every": 0}
        {"id": "c", "image": "\(picture)", "text": "the", "detect_every": 3}
        {"id": "d", "video": "\(video)", "actions": [{"do": "detect", "text": ["the", "on"]}]}

        """, to: "\(folder)/items.jsonl")
      let call = ["batch", "items.jsonl", "--format", "coco", "--threshold", "0.3", "-o", "out"]
      let outcome = try Tool.sam2.run(call + ["--detector", place.detector], in: folder)
      #expect(outcome.exitCode == 1)
      let text = String(decoding: fileBytes("\(folder)/out/results.jsonl") ?? [], as: UTF8.self)
      let lines = try text.split(separator: "\n").map { try JSONValue(parsing: String($0)) }
      let codes = lines.map { $0["error"]?["code"]?.string }
      #expect(codes == [nil, "batch.option", "batch.option", nil])
      let objects = try #require(lines.first?["objects"]?.array)
      #expect(!objects.isEmpty && objects.allSatisfy { $0["label"]?.string == "the" })
      #expect(lines.first?["frames"]?.array?.count == 9)
      let categories = try json("\(folder)/out/d/coco.json").requiredArray("categories")
      #expect(categories.count == 2)
    }
  }

  @Test("A batch finds the objects that its items name, and reports items that it cannot do")
  func batch() throws {
    try withTemporaryFolder { folder in
      write(
        """
        {"id": "a", "image": "\(picture)", "text": ["the", "on in"]}
        {"id": "b", "image": "\(picture)", "text": ["the", "the"]}

        """, to: "\(folder)/items.jsonl")
      let call = ["batch", "items.jsonl", "--format", "coco", "--threshold", "0.05"]
      let outcome = try Tool.sam2.run(
        call + ["-o", "out", "--detector", place.detector], in: folder)
      #expect(outcome.exitCode == 1)
      let text = String(decoding: fileBytes("\(folder)/out/results.jsonl") ?? [], as: UTF8.self)
      let lines = try text.split(separator: "\n").map { try JSONValue(parsing: String($0)) }
      #expect(lines.count == 2)
      let prompts = try #require(lines.first?["prompts"]?.array)
      #expect(!prompts.isEmpty && prompts.allSatisfy { $0["label"]?.string != nil })
      #expect(lines.last?["error"]?["code"]?.string == "batch.text")
      let coco = try json("\(folder)/out/a/coco.json")
      let categories = try coco.requiredArray("categories")
      #expect(categories.count == 2)
      // Without a detector the item is refused, not the batch.
      let without = try Tool.sam2.run(call + ["-o", "none"], in: folder)
      #expect(without.exitCode == 1 && without.errors.contains("--detector"))
    }
  }

  // MARK: - Refusals

  @Test("A model in place of a detector is refused by name, and the reverse")
  func exchanged() throws {
    try withTemporaryFolder { folder in
      let words = ["--text", "the"]
      let model = try Tool.sam2.run(
        ["detect", picture, "--detector", place.workplace.model] + words, in: folder)
      #expect(model.exitCode == 65 && model.errors.contains("--model"))
      let detector = try Tool.sam2.run(
        ["segment", picture, "--model", place.detector, "--point", "9,9", "-o", "out"], in: folder)
      #expect(detector.exitCode == 65 && detector.errors.contains("--detector"))
      let none = try Tool.sam2.run(["detect", picture] + words, in: folder)
      #expect(none.exitCode == 64 && none.errors.contains("fetch_checkpoint.sh owlv2-base"))
      #expect(!exists("\(folder)/out"))
    }
  }

  @Test(
    "Texts and thresholds that make no sense are refused",
    arguments: [
      (["--text", ""], 65), (["--text", "   "], 65),
      (["--text", String(repeating: "word ", count: 40)], 65),
      (["--text", "a", "--threshold", "1.5"], 64), (["--text", "a", "--threshold", "-0.1"], 64),
      (["--text", "a", "--nms", "2"], 64), (["--text", "a", "a"], 64), ([], 64),
      (["--like", "none.png"], 66), (["--text", "a", "--box", "1,1,2,2"], 64),
    ] as [([String], Int32)])
  func refusals(_ target: [String], _ code: Int32) throws {
    try run(["detect", picture] + target + ["-o", "out", "--format", "coco"]) { outcome, folder in
      #expect(outcome.exitCode == code, "\(outcome.errors)")
      #expect(!exists("\(folder)/out"))
    }
  }

  @Test("Text that is not UTF-8 is refused")
  func bytes() throws {
    try withTemporaryFolder { folder in
      let command = try Tool.sam2.path
      let outcome = try Tool.shell(
        "'\(command)' detect '\(picture)' --detector \"$0\" --text \"$(printf 'a\\377b')\"",
        place.detector, in: folder)
      #expect(outcome.exitCode == 65 && outcome.errors.contains("UTF-8"))
    }
  }
}
