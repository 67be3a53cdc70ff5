import Bytes
import JSON
import Media
import TestSupport
import Testing

@Suite("sam2 auto")
struct AutoTests {
  /// Few clicks and lenient thresholds: quick, and there are masks.
  private static let options = [
    "--points-per-side", "6", "--pred-iou-thresh", "0.3", "--stability-score-thresh", "0.5",
  ]

  private func arguments(_ more: [String]) throws -> [String] {
    let model = try Workplace.shared.get().model
    return ["auto", Workplace.nano("still.png"), "--model", model, "-o", "out"] + Self.options
      + more
  }

  @Test("A folder of masks with the official table, and an overlay")
  func folder() throws {
    try withRun(arguments(["--overlay", "--json"])) { outcome, folder in
      try expectSuccess(outcome)
      let masks = try outcome.json.requiredArray("images")[0].requiredArray("masks")
      #expect(masks.count > 2)
      let table = String(
        decoding: fileBytes("\(folder)/out/still/metadata.csv") ?? [], as: UTF8.self)
      let lines = table.split(separator: "\n")
      #expect(lines.count == masks.count + 1)
      #expect(lines[0].hasPrefix("id,area,bbox_x0,bbox_y0,bbox_w,bbox_h,point_input_x,"))
      for (id, entry) in masks.enumerated() {
        let mask = try LabelMap.read("\(folder)/out/still/\(id).png").mask(of: 255)
        #expect(try mask.area == entry.requiredInt("area"))
        #expect(lines[id + 1].hasPrefix("\(id),\(mask.area),"))
      }
      #expect(exists("\(folder)/out/still_overlay.png"))
    }
  }

  @Test("Run lengths hold the same masks as the folder")
  func runLengths() throws {
    try withTemporaryFolder { folder in
      for mode in ["binary_mask", "uncompressed_rle"] {
        try expectSuccess(Tool.sam2.run(arguments(["--output-mode", mode]), in: folder))
      }
      let plain = try JSONValue(parsing: fileBytes("\(folder)/out/still.json") ?? [])
      try expectSuccess(Tool.sam2.run(arguments(["--convert-to-rle", "--force"]), in: folder))
      let packed = try JSONValue(parsing: fileBytes("\(folder)/out/still.json") ?? [])
      for (id, pair) in try zip(#require(plain.array), #require(packed.array)).enumerated() {
        let mask = try LabelMap.read("\(folder)/out/still/\(id).png").mask(of: 255)
        let a = try pair.0.required("segmentation")
        let b = try pair.1.required("segmentation")
        #expect(try a.requiredInts("size") == [mask.height, mask.width])
        let runs = RunLengthMask(mask)
        #expect(try a.requiredInts("counts") == runs.counts)
        #expect(try b.requiredString("counts") == runs.cocoCounts)
      }
    }
  }

  @Test("Results are replaced only with --force, and none of the old ones stays")
  func existing() throws {
    try withTemporaryFolder { folder in
      try expectSuccess(Tool.sam2.run(arguments([]), in: folder))
      let before = folderNames("\(folder)/out/still").count
      let refused = try Tool.sam2.run(arguments([]), in: folder)
      #expect(refused.exitCode == 73)
      #expect(refused.errors.contains("--force"))
      try expectSuccess(
        Tool.sam2.run(arguments(["--force", "--box-nms-thresh", "0"]), in: folder))
      #expect(folderNames("\(folder)/out/still").count < before)
    }
  }

  @Test(
    "Options out of range are refused",
    arguments: [
      ["--points-per-side", "0"], ["--crop-n-layers", "-1"], ["--pred-iou-thresh", "nan"],
      ["--convert-to-rle", "--output-mode", "binary_mask"],
    ])
  func refusals(_ options: [String]) throws {
    let model = try Workplace.shared.get().model
    let start = ["auto", Workplace.nano("still.png"), "--model", model, "-o", "out"]
    try withRun(start + options) { outcome, folder in
      #expect(outcome.exitCode == 64)
      #expect(!exists("\(folder)/out"))
    }
  }
}
