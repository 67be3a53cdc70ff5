import Bytes
import JSON
import Media
import TestSupport
import Testing

@Suite("Prompts as people give them")
struct PromptHabitTests {
  static let still = Workplace.nano("still.png")
  static let clip = Workplace.nano("clip")

  private func codes(_ json: JSONValue) throws -> [String] {
    try json.requiredArray("notices").map { try $0.requiredString("code") }
  }

  // MARK: - Places beside the picture

  @Test(
    "Values that begin with a minus are values",
    arguments: [
      ["--box", "-2,45,50,97"], ["--box=-2,45,50,97"], ["--point", "-3,-4"],
      ["--point", "20,10", "--mask-threshold", "-1"],
    ])
  func minus(_ arguments: [String]) throws {
    try withRun(["segment", Self.still, "-o", "out", "--json"] + arguments) { outcome, folder in
      try expectSuccess(outcome)
      #expect(folderNames("\(folder)/out") == ["still.png"])
    }
  }

  @Test("Prompts outside the picture are answered with a notice, in pictures, videos and lists")
  func outside() throws {
    try withTemporaryFolder { folder in
      let calls = [
        ["segment", Self.still, "--point", "200,150"],
        ["segment", Self.still, "--box", "-9,1,50,60"],
        ["track", Self.clip, "--box", "-2,20,60,90"], ["track", Self.clip, "--point", "192,20"],
      ]
      for (index, call) in calls.enumerated() {
        let outcome = try Tool.sam2.run(call + ["-o", "out\(index)", "--json"], in: folder)
        try expectSuccess(outcome)
        #expect(outcome.errors.contains("note: ") && outcome.errors.contains("official code"))
        #expect(try codes(outcome.json) == ["prompt.outside"])
      }
      write(
        "{\"id\": \"p\", \"image\": \"\(Self.still)\", \"prompts\": [{\"box\": [-2, 4, 50, 97]}]}\n",
        to: "\(folder)/items.jsonl")
      let batch = try Tool.sam2.run(["batch", "items.jsonl", "-o", "batch"], in: folder)
      try expectSuccess(batch)
      #expect(batch.errors.contains("note: p: box (-2.0"))
      let line = try JSONValue(parsing: fileBytes("\(folder)/batch/results.jsonl") ?? [])
      #expect(try codes(line) == ["prompt.outside"] && line["incomplete"] == nil)
    }
  }

  // MARK: - More than one

  @Test("Several boxes, or several masks, are an object each")
  func severalBoxes() throws {
    try withTemporaryFolder { folder in
      let boxes = ["114,43,178,110", "10,10,60,70"]
      let both = try Tool.sam2.run(
        [
          "segment", Self.still, "--box", boxes[0], "--box", boxes[1], "-o", "both", "--format",
          "png,davis",
        ], in: folder)
      try expectSuccess(both)
      for (index, box) in boxes.enumerated() {
        try expectSuccess(
          Tool.sam2.run(["segment", Self.still, "--box", box, "-o", "one\(index)"], in: folder))
        let (a, b) = (
          fileBytes("\(folder)/both/png/still_\(index)_0.png"),
          fileBytes("\(folder)/one\(index)/still.png")
        )
        #expect(a != nil && a == b)
      }
      let masks = try Tool.sam2.run(
        [
          "segment", Self.still, "--mask-prompt", "one0/still.png", "--mask-prompt",
          "one1/still.png",
          "-o", "masks",
        ], in: folder)
      try expectSuccess(masks)
      #expect(folderNames("\(folder)/masks") == ["still_0_0.png", "still_1_0.png"])
    }
  }

  @Test("A repeated option of one value is noted on stderr and in the report")
  func repeated() throws {
    let call = [
      "segment", Self.still, "--point", "64,63", "--threads", "2", "--threads", "1", "-o", "a",
      "-o",
      "out", "--json",
    ]
    try withRun(call) { outcome, folder in
      try expectSuccess(outcome)
      #expect(folderNames(folder) == ["out"])
      #expect(outcome.errors.contains("--threads is given 2 times"))
      #expect(outcome.errors.contains("-o is given 2 times"))
      #expect(try codes(outcome.json) == ["option.repeated", "option.repeated"])
      try withRun(call + ["-q"]) { quiet, _ in #expect(quiet.errors == "") }
    }
  }

  @Test("Labels and numbers written as 1.0 are integers; 1.5 is named")
  func wholeNumbers() throws {
    try withTemporaryFolder { folder in
      let calls: [(String, String)] = [
        ("[{\"points\": [[64, 63]], \"labels\": [1.0], \"object\": 3.0}]", ""),
        ("[{\"points\": [[64, 63]], \"labels\": [1.5]}]", "element 0 is 1.5"),
        ("[{\"points\": [[64, 63]], \"labels\": [\"1\"]}]", "element 0 is \"1\""),
        ("[{\"points\": [[64, 63]], \"object\": 2.5}]", "not 2.5"),
        ("[{\"points\": [[64]]}]", "pairs"),
      ]
      for (prompts, message) in calls {
        write("{\"prompts\": \(prompts)}", to: "\(folder)/p.json")
        let outcome = try Tool.sam2.run(
          ["segment", Self.still, "--prompts", "p.json", "-o", "out", "--format", "davis"],
          in: folder)
        #expect(outcome.exitCode == (message.isEmpty ? 0 : 65))
        #expect(outcome.errors.contains(message), "\(outcome.errors)")
      }
      #expect(try LabelMap.read("\(folder)/out/still.png").identifiers == [3])
      let script = """
        {"actions": [{"do": "add_points", "frame": 0.0, "object": 1.0, "points": [[42, 58]],
          "labels": [1.0]}, {"do": "propagate", "max_frames": 1.0}]}
        """
      write(script, to: "\(folder)/s.json")
      let outcome = try Tool.sam2.run(
        ["track", Self.clip, "--script", "s.json", "-o", "t"], in: folder)
      try expectSuccess(outcome)
      #expect(folderNames("\(folder)/t") == ["00000.png", "00001.png"])
    }
  }

  // MARK: - Masks

  /// The mask of an object of the clip's first frame, as gray levels of 0 and 255.
  private func mask() throws -> (width: Int, height: Int, levels: [Int]) {
    let mask = try LabelMap.read(Workplace.nano("mask.png"))
    return (mask.width, mask.height, mask.labels.map { $0 == 0 ? 0 : 255 })
  }

  @Test("One mask in several forms gives one result, tracked, scripted or segmented")
  func masks() throws {
    let (width, height, levels) = try mask()
    func png(_ colour: RawPNG.Colour, _ depth: Int, _ pixel: (Int) -> [Int]) -> [UInt8] {
      RawPNG(
        width: width, height: height, colour, depth: depth, samples: levels.flatMap(pixel)
      ).bytes
    }
    let forms = [
      png(.gray, 8) { [$0] }, png(.rgb, 8) { [$0, $0, $0] }, png(.gray, 16) { [$0 * 257] },
      png(.rgba, 8) { [0, 0, 0, $0] }, png(.rgba, 8) { [$0, $0, $0, 255] },
    ]
    try withTemporaryFolder { folder in
      var first: [String: [UInt8]] = [:]
      for (index, form) in forms.enumerated() {
        write(form, to: "\(folder)/m.png")
        write(
          "{\"actions\": [{\"do\": \"add_mask\", \"frame\": 0, \"object\": 1, \"mask\": \"m.png\"},"
            + "{\"do\": \"propagate\", \"max_frames\": 1}]}", to: "\(folder)/s.json")
        let calls = [
          ["track", Self.clip, "--mask-prompt", "m.png", "--stop-after", "2"],
          ["track", Self.clip, "--object", "1", "--mask-prompt", "m.png", "--stop-after", "2"],
          ["track", Self.clip, "--script", "s.json"],
          ["segment", "\(Self.clip)/00000.jpg", "--mask-prompt", "m.png"],
        ]
        for (number, call) in calls.enumerated() {
          let outcome = try Tool.sam2.run(call + ["-o", "\(index)-\(number)"], in: folder)
          try expectSuccess(outcome)
        }
        let found = fileTree("\(folder)/\(index)-0")
        #expect(found.count == 2)
        let isSame = [1, 2].allSatisfy { fileTree("\(folder)/\(index)-\($0)") == found }
        #expect(isSame, "form \(index)")
        let segmented = fileTree("\(folder)/\(index)-3")
        if index == 0 { first = found.merging(segmented) { $1 } }
        let agrees = found.merging(segmented) { $1 } == first
        #expect(agrees, "form \(index)")
      }
    }
  }

  @Test("Soft edges are one object for every command, and this reading is reported")
  func softMask() throws {
    let (width, height, levels) = try mask()
    // Averages over three by three pixels.
    let soft = (0..<width * height).map { index -> Int in
      let (x, y) = (index % width, index / width)
      guard (1..<width - 1).contains(x), (1..<height - 1).contains(y) else { return levels[index] }
      return (-1...1).reduce(0) { sum, row in
        sum + (-1...1).reduce(0) { $0 + levels[(y + row) * width + x + $1] }
      } / 9
    }
    let inside = soft.count { $0 > 127 }
    try withTemporaryFolder { folder in
      write(
        RawPNG(width: width, height: height, .gray, samples: soft).bytes, to: "\(folder)/m.png")
      for options in [["--object", "1"], []] {
        let outcome = try Tool.sam2.run(
          ["track", Self.clip, "--mask-prompt", "m.png", "--stop-after", "1", "-o", "t", "--json"]
            + options, in: folder)
        try expectSuccess(outcome)
        #expect(try codes(outcome.json) == ["mask.soft"])
        #expect(outcome.errors.contains("\(inside) pixels above one half"))
        let objects = try outcome.json.requiredArray("frames")[0].requiredArray("objects")
        #expect(try objects.map { try $0.requiredInt("object") } == [1])
      }
      let labels = try Tool.sam2.run(
        [
          "track", Self.clip, "--mask-prompt", "m.png", "--mask-reading", "nonzero", "--stop-after",
          "1", "-o", "n", "--json",
        ], in: folder)
      try expectSuccess(labels)
      #expect(try codes(labels.json).isEmpty)
    }
  }
}
