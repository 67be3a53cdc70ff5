import Bytes
import JSON
import Media
import TestSupport
import Testing

/// The trained detector of coloured shapes, in floating point and as it is built in.
private struct ShapeWorkplace {
  let workplace: Workplace
  let float: String

  static let shared = Result<ShapeWorkplace, any Error> { try ShapeWorkplace() }

  private init() throws {
    workplace = try Workplace.shared.get()
    float = "\(workplace.folder)/shapes.sam2"
    try expectSuccess(
      Tool.convert.run([Workplace.shapes, "-o", float], in: workplace.folder))
  }

  /// True boxes of the sample picture, by what the objects are.
  func boxes() throws -> [(label: String, box: PixelBox)] {
    let truth = try MaskPicture.read("\(workplace.scene)/picture_truth.png", as: .labels)
    return try zip(1..., ["teal hexagon", "orange blob", "purple ellipse"]).map { number, label in
      (label, try #require(truth.mask(of: number).boundingBox))
    }
  }
}

@Suite("Words that mean something")
struct ShapeDetectorTests {
  private let place: ShapeWorkplace

  init() throws { place = try ShapeWorkplace.shared.get() }

  private static let detectors = ["built-in", "shapes.sam2"]
  /// Minimum IoU of a box with the true one, and of a mask with the true one.
  private static let (minimumBoxIoU, minimumMaskIoU) = (0.6, 0.7)
  private static let absent = ["red star", "green square", "cat"]

  private var picture: String { "\(place.workplace.scene)/picture.png" }

  private func arguments(_ detector: String) -> [String] {
    ["--detector", detector == "built-in" ? detector : "\(place.workplace.folder)/\(detector)"]
      + ["--threshold", "0.3"]
  }

  @Test(
    "find the objects that they name in the sample picture, and nothing else", arguments: detectors)
  func detect(_ detector: String) throws {
    let truth = try place.boxes()
    let words = ["--text"] + truth.map(\.label) + Self.absent
    try withRun(["detect", picture, "--json"] + arguments(detector) + words) { outcome, _ in
      try expectSuccess(outcome)
      let found = try outcome.json.requiredArray("images")[0].requiredArray("detections")
      #expect(
        try found.map { try $0.requiredString("label") }.sorted() == truth.map(\.label).sorted())
      for (label, box) in truth {
        let detection = try #require(found.first { $0["label"]?.string == label })
        let corners = try detection.requiredArray("box").compactMap(\.double)
        #expect(overlap(corners, box) > Self.minimumBoxIoU, "\(label): \(corners)")
      }
    }
  }

  @Test("find nothing that is not there", arguments: detectors)
  func absence(_ detector: String) throws {
    try withRun(["detect", picture] + arguments(detector) + ["--text"] + Self.absent) {
      outcome, _ in
      #expect(outcome.exitCode == 1 && outcome.errors.contains("nothing was found"))
    }
  }

  /// Its training was too short for shapes alone: see the README of the fixture.
  @Test("mean colours, in any phrase", arguments: detectors)
  func meanings(_ detector: String) throws {
    for (words, expected) in [
      ("purple thing", "purple ellipse"), ("all teal objects", "teal hexagon"),
      ("a photo of an orange blob", "orange blob"),
    ] {
      let box = try #require(try place.boxes().first { $0.label == expected }?.box)
      try withRun(
        ["detect", picture, "--json"] + arguments(detector) + ["--text", words]
      ) { outcome, _ in
        try expectSuccess(outcome)
        let found = try outcome.json.requiredArray("images")[0].requiredArray("detections")
        let first = try #require(found.first)
        let corners = try first.requiredArray("box").compactMap(\.double)
        #expect(overlap(corners, box) > Self.minimumBoxIoU, "\(words): \(corners)")
      }
    }
  }

  @Test("become masks of the right objects", arguments: detectors)
  func segment(_ detector: String) throws {
    let labels = try place.boxes().map(\.label)
    for (number, label) in zip(1..., labels) {
      try withRun(
        ["segment", picture, "-o", "out", "--format", "davis", "--text", label]
          + arguments(detector)
      ) { outcome, folder in
        try expectSuccess(outcome)
        let found = try MaskPicture.read("\(folder)/out/picture.png", as: .labels).mask(of: 1)
        let truth = try MaskPicture.read(
          "\(place.workplace.scene)/picture_truth.png", as: .labels
        ).mask(of: number)
        #expect(found.overlap(truth) > Self.minimumMaskIoU, "\(label)")
      }
    }
  }

  @Test("become tracks of the right objects", arguments: detectors)
  func track(_ detector: String) throws {
    let frames = "\(place.workplace.scene)/frames"
    // Best first decides the numbers: one word, one object.
    for (number, label) in [(1, "teal hexagon"), (2, "orange blob")] {
      try withRun(
        ["track", frames, "-o", "out", "--json", "--text", label, "red star"]
          + arguments(detector)
      ) { outcome, folder in
        try expectSuccess(outcome)
        let objects = try outcome.json.requiredArray("objects")
        #expect(try objects.map { try $0.requiredString("label") } == [label])
        for name in folderNames("\(folder)/out").prefix(8) {
          let found = try MaskPicture.read("\(folder)/out/\(name)", as: .labels).mask(of: 1)
          let truth = try MaskPicture.read(
            "\(place.workplace.scene)/truth/\(name)", as: .labels
          ).mask(of: number)
          #expect(found.overlap(truth) > Self.minimumMaskIoU, "\(label), \(name)")
        }
      }
    }
  }

  @Test("An example finds its like", arguments: detectors)
  func example(_ detector: String) throws {
    let truth = try place.boxes()
    for (label, box) in truth {
      let corners = [box.left, box.top, box.right + 1, box.bottom + 1].map(String.init)
      try withRun(
        ["detect", picture, "--json", "--like", picture, "--box", corners.joined(separator: ",")]
          + arguments(detector)
      ) { outcome, _ in
        try expectSuccess(outcome)
        let found = try outcome.json.requiredArray("images")[0].requiredArray("detections")
        let best = try #require(found.first).requiredArray("box").compactMap(\.double)
        #expect(overlap(best, box) > Self.minimumBoxIoU, "\(label): \(best)")
      }
    }
  }

  /// Minimum share of the detections whose box is within IoU 0.95 of the one in floating point, and
  /// minimum signal to noise of the class features, in decibels.
  private static let (minimumAgreement, minimumSignal) = (0.9, 30.0)

  @Test("are found in the same boxes in int8")
  func agreement() throws {
    try withTemporaryFolder { folder in
      let outcome = try Tool.quantize.run(
        [place.float, "-o", "int8.sam2", "--json", "--report", "report"], in: folder)
      try expectSuccess(outcome)
      let agreement = try outcome.json.required("agreement")
      #expect(try agreement.requiredInt("detections") > 10)
      #expect(try agreement.requiredDouble("boxes_within_iou_0.95") >= Self.minimumAgreement)
      #expect(try agreement.requiredDouble("same_label") >= Self.minimumAgreement)
      #expect(try agreement.requiredDouble("class_signal_db") >= Self.minimumSignal)
      #expect(try outcome.json.required("equalisation").requiredString("by") == "scenes")

      #expect(folderNames("\(folder)/report").sorted() == ["index.html", "report.json"])
      let report = try JSONValue(
        parsing: #require(fileBytes("\(folder)/report/report.json")))
      #expect(try report.required("verdict").requiredString("level") == "agree")
      let boxes = try report.required("boxes")
      #expect(boxes["mean_iou"] == agreement["mean_iou"])
      #expect(try boxes.requiredString("origin") == "sample-scene")
      #expect(report["pictures"] == nil && report["clips"] == nil)
    }
  }

  @Test("The environment names the built-in detector, too")
  func environment() throws {
    try withRun(
      ["detect", picture, "--json", "--text", "hexagon"],
      environment: ["SAM2_DETECTOR": "built-in"]
    ) { outcome, _ in
      try expectSuccess(outcome)
      #expect(try outcome.json.requiredString("model").contains("shapes-int8"))
    }
  }

  /// Intersection over union of corners with the edges of the pixels of a box.
  private func overlap(_ a: [Double], _ box: PixelBox) -> Double {
    let b = [box.left, box.top, box.right + 1, box.bottom + 1].map(Double.init)
    let shared =
      max(0, min(a[2], b[2]) - max(a[0], b[0])) * max(0, min(a[3], b[3]) - max(a[1], b[1]))
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)
  }
}

extension BinaryMask {
  /// Intersection over union.
  fileprivate func overlap(_ other: BinaryMask) -> Double {
    var (shared, union) = (0, 0)
    for (a, b) in zip(bits, other.bits) {
      if a && b { shared += 1 }
      if a || b { union += 1 }
    }
    return Double(shared) / Double(max(1, union))
  }
}
