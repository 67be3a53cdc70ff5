import Bytes
import Glibc
import JSON
import Media
import TestSupport
import Testing

@Suite("sam2 segment")
struct SegmentTests {
  /// Largest relative L2 distance of mask logits from those of the official code.
  static let logitsTolerance = 1e-4
  /// Largest error of a predicted IoU or an object score.
  static let scoreTolerance = 1e-3

  @Test("The logits are those of the official code", arguments: ["single", "multi"])
  func logits(_ kind: String) throws {
    let workplace = try Workplace.shared.get()
    let reference = try JSONValue(parsing: fileBytes(Workplace.nano("reference.json")) ?? [])
    let recorded = try reference.required("segment").requiredArray(kind)
    let prompts = try recorded.map { entry in
      JSONValue.object(
        try ["points", "labels", "box", "multimask"].map { ($0, try entry.required($0)) })
    }
    try withTemporaryFolder { folder in
      write(JSONValue.object([("prompts", .array(prompts))]).text(), to: "\(folder)/prompts.json")
      let outcome = try Tool.sam2.run(
        [
          "segment", Workplace.nano("still.png"), "--model", workplace.model, "--prompts",
          "prompts.json", "--save-logits", "l.npy", "-o", "out", "--json",
        ], in: folder)
      try expectSuccess(outcome)
      let found = floats("\(folder)/l.npy")
      let truth = floats(Workplace.nano("segment_\(kind).npy"))
      #expect(found.shape == truth.shape)
      #expect(relativeDistance(found.values, truth.values) < Self.logitsTolerance)
      let answers = try outcome.json.requiredArray("images")[0].requiredArray("prompts")
      for (answer, entry) in zip(answers, recorded) {
        let guesses = try answer.requiredArray("predicted_iou").compactMap(\.double)
        let truths = try entry.requiredArray("predicted_iou").compactMap(\.double)
        #expect(guesses.count == truths.count)
        for (a, b) in zip(guesses, truths) { #expect(abs(a - b) < Self.scoreTolerance) }
        let score = try entry.requiredDouble("object_score")
        #expect(
          try abs(answer.requiredDouble("object_score") - score)
            < Self.scoreTolerance * max(1, abs(score)))
      }
    }
  }

  /// Minimum mean IoU with the truth on the sample picture, a click or a box for each object.
  static let floors = ["": 0.9, "nano.sam2": 0.9]

  @Test("Masks of the sample picture agree with the truth", arguments: floors.keys.sorted())
  func sample(_ model: String) throws {
    let workplace = try Workplace.shared.get()
    let choice = model.isEmpty ? [] : ["--model", "\(workplace.folder)/\(model)"]
    try withRun(
      [
        "segment", "\(workplace.scene)/picture.png", "--prompts", "\(workplace.scene)/prompts.json",
        "--format", "davis", "-o", "out", "--overlay", "--json",
      ] + choice
    ) { outcome, folder in
      try expectSuccess(outcome)
      let score = try meanIoU("\(folder)/out/picture.png", "\(workplace.scene)/picture_truth.png")
      #expect(score > Self.floors[model, default: 1])
      let overlay = try ImageReader.read("\(folder)/out/picture_overlay.png")
      #expect((overlay.width, overlay.height) == (512, 384))
      let image = try outcome.json.requiredArray("images")[0]
      let stages = try image.requiredObject("milliseconds").map(\.key)
      #expect(Set(stages) == ["decode", "prompt", "encode", "write"])
    }
  }

  @Test("Overlays are JPEGs on JPEGs, or what is asked for")
  func overlayFormats() throws {
    let frame = "\(try Workplace.shared.get().scene)/frames/00000.jpg"
    for (options, name, start) in [
      ([], "00000_overlay.jpg", [0xFF, 0xD8] as [UInt8]),
      (["--overlay-format", "png"], "00000_overlay.png", [0x89, 0x50]),
    ] {
      let arguments = ["segment", frame, "--point", "9,9", "-o", "out", "--overlay"] + options
      try withRun(arguments) { outcome, folder in
        try expectSuccess(outcome)
        let bytes = try #require(fileBytes("\(folder)/out/\(name)"))
        #expect(bytes.starts(with: start))
      }
    }
  }

  @Test("One picture of several that cannot be read is reported, the others are done")
  func someFail() throws {
    let picture = Workplace.nano("still.png")
    try withRun(
      ["segment", "missing.png", picture, "--point", "64,63", "-o", "out", "--json"]
    ) { outcome, folder in
      #expect(outcome.exitCode == 1)
      #expect(outcome.errors.contains("missing.png"))
      #expect(folderNames("\(folder)/out") == ["still.png"])
      let images = try outcome.json.requiredArray("images")
      #expect(images[0]["error"]?["code"]?.string == "file.missing")
      #expect(images[1]["prompts"]?.array?.count == 1)
    }
  }

  @Test("Three masks are written, and --best is the likeliest of them")
  func candidates() throws {
    let call = ["segment", Workplace.nano("still.png"), "--point", "64,63", "-o", "out"]
    try withRun(call + ["--multimask", "--json"]) { outcome, folder in
      try expectSuccess(outcome)
      let names = (0..<3).map { "still_0_\($0).png" }
      #expect(folderNames("\(folder)/out") == names)
      let answer = try outcome.json.requiredArray("images")[0].requiredArray("prompts")[0]
      let guesses = try answer.requiredArray("predicted_iou").compactMap(\.double)
      let best = try #require(guesses.indices.max { guesses[$0] < guesses[$1] })
      try withRun(call + ["--best"]) { outcome, other in
        try expectSuccess(outcome)
        #expect(fileBytes("\(other)/out/still.png") == fileBytes("\(folder)/out/\(names[best])"))
        // Text for people is written to stderr, so that stdout stays free for data.
        #expect(outcome.output == "" && outcome.errors.contains("out/still.png"))
      }
    }
  }

  @Test("A mask prompt, as logits or as a picture, gives about the same mask again")
  func maskPrompt() throws {
    let workplace = try Workplace.shared.get()
    let call = ["segment", Workplace.nano("still.png"), "--model", workplace.model]
    try withRun(
      call + ["--box", "114,43,178,110", "--save-logits", "l.npy", "-o", "first"]
    ) { outcome, folder in
      try expectSuccess(outcome)
      for prompt in ["l.npy", "first/still.png"] {
        let again = try Tool.sam2.run(
          call + ["--mask-prompt", prompt, "--point", "146,76", "-o", "second"], in: folder)
        try expectSuccess(again)
        let (a, b) = (
          try LabelMap.read("\(folder)/first/still.png").mask(of: 255),
          try LabelMap.read("\(folder)/second/still.png").mask(of: 255)
        )
        #expect(a.intersectionOverUnion(b) > 0.8)
      }
    }
  }

  @Test("The threshold, and holes and islands that are filled and removed, change masks not logits")
  func finish() throws {
    let all = 200 * 150
    let calls: [([String], (Int) -> Bool)] = [
      ([], { $0 > 0 && $0 < all }), (["--mask-threshold", "1e4"], { $0 == 0 }),
      (["--max-sprinkle-area", "5000"], { $0 == 0 }), (["--max-hole-area", "5000"], { $0 == all }),
    ]
    try withTemporaryFolder { folder in
      var logits: [[UInt8]?] = []
      for (options, holds) in calls {
        let outcome = try Tool.sam2.run(
          [
            "segment", Workplace.nano("still.png"), "--point", "64,63", "-o", "out", "--json",
            "--save-logits", "l.npy",
          ] + options, in: folder)
        try expectSuccess(outcome)
        let prompt = try outcome.json.requiredArray("images")[0].requiredArray("prompts")[0]
        let area = try prompt.requiredArray("masks")[0].requiredInt("area")
        #expect(holds(area), "\(options): \(area)")
        logits.append(fileBytes("\(folder)/l.npy"))
      }
      #expect(logits.allSatisfy { $0 != nil && $0 == logits[0] })
    }
  }

  @Test("Equal calls give equal bytes")
  func deterministic() throws {
    let call = [
      "segment", Workplace.nano("still.png"), "--point", "64,63", "-o", "out", "--save-logits",
      "l.npy", "-q",
    ]
    try withRun(call) { outcome, folder in
      #expect(outcome.errors == "")
      try withRun(call) { _, other in
        #expect(fileBytes("\(folder)/l.npy") == fileBytes("\(other)/l.npy"))
        #expect(fileBytes("\(folder)/out/still.png") == fileBytes("\(other)/out/still.png"))
      }
    }
  }
}

// MARK: - Comparing

/// The report of `sam2 score`.
func score(_ masks: String, _ truth: String) throws -> JSONValue {
  try withRun(["score", masks, truth, "--json"]) { outcome, _ in
    try expectSuccess(outcome)
    return try outcome.json
  }
}

/// The mean IoU that `sam2 score` gives.
func meanIoU(_ masks: String, _ truth: String) throws -> Double {
  try score(masks, truth).requiredDouble("mean_iou")
}

/// Shape, as written in the header, and elements of a float32 .npy file.
func floats(_ path: String) -> (shape: String, values: [Float]) {
  let bytes = fileBytes(path) ?? []
  guard bytes.count > 10 else { return ("", []) }
  let start = 10 + Int(bytes[8]) + Int(bytes[9]) << 8
  let header = String(decoding: bytes[10..<start], as: UTF8.self)
  let shape = header.split(separator: "(").last?.prefix { $0 != ")" } ?? ""
  let values = bytes[start...].withUnsafeBytes { raw in
    (0..<raw.count / 4).map { raw.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
  }
  return (String(shape), values)
}

/// |a - b| / |b|; infinite when the numbers of elements differ.
func relativeDistance(_ a: [Float], _ b: [Float]) -> Double {
  guard a.count == b.count, !b.isEmpty else { return .infinity }
  var (difference, norm) = (0.0, 0.0)
  for (x, y) in zip(a, b) {
    difference += Double(x - y) * Double(x - y)
    norm += Double(y) * Double(y)
  }
  return (difference / norm).squareRoot()
}
