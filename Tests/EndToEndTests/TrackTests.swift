import Bytes
import Glibc
import JSON
import Media
import TestSupport
import Testing

@Suite("sam2 track")
struct TrackTests {
  static let clip = Workplace.nano("clip")
  /// Largest relative L2 distance of mask logits from those of the official code, over a session.
  static let logitsTolerance = 1e-3

  @Test("The logits of a session are those of the official code")
  func logits() throws {
    let workplace = try Workplace.shared.get()
    let reference = try JSONValue(parsing: fileBytes(Workplace.nano("reference.json")) ?? [])
    let session = try reference.required("track").required("two_objects")
    try withTemporaryFolder { folder in
      let script: JSONValue = ["actions": try session.required("actions")]
      write(script.text(), to: "\(folder)/script.json")
      let outcome = try Tool.sam2.run(
        [
          "track", Self.clip, "--model", workplace.model, "--script", "script.json",
          "--fill-hole-area", "0", "--save-logits", "logits", "-o", "out", "--json",
        ], in: folder)
      try expectSuccess(outcome)
      var scores: [String: Double] = [:]
      for frame in try outcome.json.requiredArray("frames") {
        for object in try frame.requiredArray("objects") {
          let name = try "\(frame.requiredInt("frame"))_\(object.requiredInt("object"))"
          scores[name] = try object.requiredDouble("object_score")
        }
      }
      let truth = floats(Workplace.nano("track_two_objects.npy")).values
      let held = try session.requiredArray("held")
      let planeSize = truth.count / held.count
      for (index, entry) in held.enumerated() {
        let (frame, object) = (try entry.requiredInt("frame"), try entry.requiredInt("object"))
        let found = floats("\(folder)/logits/0000\(frame)_\(object).npy")
        let plane = Array(truth[index * planeSize..<(index + 1) * planeSize])
        #expect(relativeDistance(found.values, plane) < Self.logitsTolerance, "\(entry)")
        let score = try entry.requiredDouble("object_score")
        let error = abs((scores["\(frame)_\(object)"] ?? .infinity) - score)
        #expect(error < Self.logitsTolerance * max(1, abs(score)), "\(entry)")
      }
    }
  }

  /// Minimum mean IoU with the truth on the sample video, one click for each object.
  static let meanFloor = 0.85
  /// Minimum mean IoU of the built-in int8 model with the fp32 model that it was quantised from.
  ///
  /// When an object leaves, one of them sees a last sliver, and a frame counts nothing.
  static let quantizedFloor = 0.97

  @Test("Masks of the sample video agree with the truth, and those of int8 with those of fp32")
  func sample() throws {
    let workplace = try Workplace.shared.get()
    try withTemporaryFolder { folder in
      for (name, model) in [("int8", []), ("fp32", ["--model", workplace.model])] {
        let outcome = try Tool.sam2.run(
          [
            "track", "\(workplace.scene)/frames", "--script", "\(workplace.scene)/script.json",
            "-o", name, "--json",
          ] + model, in: folder)
        try expectSuccess(outcome)
        #expect(folderNames("\(folder)/\(name)").count == Workplace.frameCount)
        let report = try outcome.json
        #expect(report["frames"]?.array?.count == Workplace.frameCount)
        let score = try score("\(folder)/\(name)", "\(workplace.scene)/truth")
        #expect(try score.requiredDouble("mean_iou") > Self.meanFloor)
      }
      let agreement = try score("\(folder)/int8", "\(folder)/fp32")
      #expect(try agreement.requiredDouble("mean_iou") > Self.quantizedFloor)
    }
  }

  @Test("Options in order and a script of the same give equal bytes")
  func order() throws {
    try withTemporaryFolder { folder in
      write(
        """
        {"actions": [
          {"do": "add_points", "frame": 0, "object": 7, "points": [[42, 58], [90, 30]],
           "labels": [1, 0], "box": null},
          {"do": "add_points", "frame": 0, "object": 2, "points": [], "labels": [],
           "box": [111, 60, 169, 122]},
          {"do": "propagate"}]}
        """, to: "\(folder)/script.json")
      let options = [
        "--object=7", "--point", "42,58", "--object", "2", "--box", "111,60,169,122", "--object",
        "7",
        "--point=90,30,0",
      ]
      for (name, prompts) in [("a", options), ("b", ["--script", "script.json"])] {
        try expectSuccess(
          Tool.sam2.run(["track", Self.clip, "-o", name, "-q"] + prompts, in: folder))
      }
      #expect(folderNames("\(folder)/a").count == 8)
      for name in folderNames("\(folder)/a") {
        #expect(fileBytes("\(folder)/a/\(name)") == fileBytes("\(folder)/b/\(name)"), "\(name)")
      }
      #expect(try LabelMap.read("\(folder)/a/00000.png").identifiers == [2, 7])
    }
  }

  @Test("Each label of a mask becomes an object, followed both ways from a later frame")
  func labels() throws {
    let workplace = try Workplace.shared.get()
    let truth = "\(workplace.scene)/truth/00004.png"
    try withTemporaryFolder { folder in
      // Ten frames are enough to see both directions.
      mkdir("\(folder)/frames", 0o700)
      for index in 0..<10 {
        let name = "0000\(index).jpg"
        write(
          fileBytes("\(workplace.scene)/frames/\(name)") ?? [], to: "\(folder)/frames/\(name)")
      }
      let outcome = try Tool.sam2.run(
        [
          "track", "frames", "--frame", "4", "--mask-prompt", truth, "-o", "out", "--overlay",
          "drawn/o.mp4",
        ], in: folder)
      #expect(outcome.exitCode == 73)
      let good = try Tool.sam2.run(
        [
          "track", "frames", "--frame", "4", "--mask-prompt", truth, "-o", "out", "--overlay",
          "o.mp4",
        ], in: folder)
      try expectSuccess(good)
      #expect(folderNames("\(folder)/out").count == 10)
      #expect(
        try LabelMap.read("\(folder)/out/00004.png").identifiers
          == LabelMap.read(truth).identifiers)
      #expect(try meanIoU("\(folder)/out/00004.png", truth) > 0.9)
      // The movie is one that we can read, with as many frames.
      let movie = try FrameSource(path: "\(folder)/o.mp4")
      #expect(movie.frameCount == 10)
      #expect((movie.width, movie.height) == (320, 240))
    }
  }

  @Test("A movie is tracked like its frames")
  func movie() throws {
    try withTemporaryFolder { folder in
      let writer = try VideoWriter(path: "\(folder)/clip.mp4", width: 192, height: 144)
      var frames = try FrameSource(path: Self.clip)
      while let frame = try frames.next() { try writer.append(frame) }
      try writer.finish()
      for (name, video) in [("a", "clip.mp4"), ("b", Self.clip)] {
        try expectSuccess(
          Tool.sam2.run(
            ["track", video, "--point", "42,58", "-o", name, "--overlay", "\(name)-drawn"],
            in: folder))
        #expect(folderNames("\(folder)/\(name)-drawn").count == 8)
      }
      // Compression changes the pixels a little.
      #expect(try meanIoU("\(folder)/a", "\(folder)/b") > 0.9)
    }
  }

  @Test("A damaged frame ends tracking with its name, and keeps what was done")
  func damagedFrame() throws {
    try withTemporaryFolder { folder in
      mkdir("\(folder)/frames", 0o700)
      for index in 0..<4 {
        let bytes = fileBytes("\(Self.clip)/0000\(index).jpg") ?? []
        write(
          index == 2 ? Array(bytes.prefix(40)) : bytes, to: "\(folder)/frames/0000\(index).jpg")
      }
      let outcome = try Tool.sam2.run(
        ["track", "frames", "--point", "42,58", "-o", "out"], in: folder)
      #expect(outcome.exitCode == 65)
      #expect(outcome.errors.contains("00002.jpg"))
      #expect(folderNames("\(folder)/out") == ["00000.png", "00001.png"])
    }
  }
}
