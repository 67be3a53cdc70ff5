import Bytes
import Glibc
import JSON
import Media
import TestSupport
import Testing

@Suite("Formats of sam2 batch")
struct BatchFormatTests {
  static let still = Workplace.nano("still.png")
  static let clip = Workplace.nano("clip")
  static let actions = """
    [{"do": "add_points", "frame": 0, "object": 7, "points": [[50, 60]], "labels": [1]}, \
    {"do": "propagate", "max_frames": 3}]
    """

  /// Runs a batch of `items` and gives its results by id.
  private func run(
    _ items: [String], _ more: [String], in folder: String, exitCode: Int32 = 0
  ) throws -> [String: JSONValue] {
    write(items.joined(separator: "\n"), to: "\(folder)/items.jsonl")
    let outcome = try BatchItems.run(["-o", "out"] + more, in: folder)
    #expect(outcome.exitCode == exitCode, "\(outcome.errors)")
    let text = String(decoding: fileBytes("\(folder)/out/results.jsonl") ?? [], as: UTF8.self)
    let results = try text.split(separator: "\n").map { try JSONValue(parsing: String($0)) }
    return Dictionary(
      uniqueKeysWithValues: try results.map { (try $0.requiredString("id"), $0) })
  }

  private func files(_ json: JSONValue?) -> [String] {
    (json?["files"]?.array ?? []).compactMap(\.string)
  }

  @Test("Several formats of a picture and a video hold the same masks, as the results list them")
  func several() throws {
    try withTemporaryFolder { folder in
      let results = try run(
        [
          "{\"id\": \"p\", \"image\": \"\(Self.still)\", \"prompts\": "
            + "[{\"points\": [[64, 63]]}, {\"box\": [114, 43, 178, 110], \"object\": 5}]}",
          "{\"id\": \"v\", \"video\": \"\(Self.clip)\", \"actions\": \(Self.actions)}",
        ], ["--format", "png,davis,coco", "--format=sav,sav-json,yolo,rle"], in: folder)
      let (picture, video) = (try #require(results["p"]), try #require(results["v"]))
      let names = ["coco/coco.json", "yolo/data.yaml", "yolo/labels/still.txt"].map { "p/" + $0 }
      #expect(files(picture).sorted() == names)
      #expect(
        picture["formats"]?.array?.compactMap(\.string) == ["png", "davis", "coco", "yolo", "rle"])
      let labels = try LabelMap.read("\(folder)/out/" + picture.requiredString("labels"))
      #expect(labels.identifiers == [1, 5])
      for (number, prompt) in try picture.requiredArray("prompts").enumerated() {
        let entry = try prompt.requiredArray("masks")[0]
        #expect(try entry.requiredString("file") == "p/png/\(number).png")
        let mask = try LabelMap.read("\(folder)/out/p/png/\(number).png").mask(of: 255)
        #expect(entry["segmentation"]?["counts"]?.string == RunLengthMask(mask).cocoCounts)
        // Object 1 is on top, so nothing of it is hidden.
        let object = try prompt.requiredInt("object")
        #expect(object != 1 || labels.mask(of: object) == mask)
      }

      #expect(
        files(video).sorted()
          == ["coco/coco.json", "sav-json/clip_manual.json", "yolo/data.yaml"]
          .map { "v/" + $0 })
      let frame = try video.requiredArray("frames")[3]
      #expect(files(frame) == ["v/sav/007/00003.png", "v/yolo/labels/00003.txt"])
      #expect(frame["labels"]?.string == "v/davis/00003.png")
      let file = try frame.requiredArray("objects")[0].requiredString("file")
      #expect(file == "v/png/007/00003.png")
      let mask = try LabelMap.read("\(folder)/out/" + file).mask(of: 255)
      #expect(try LabelMap.read("\(folder)/out/v/sav/007/00003.png").mask(of: 1) == mask)
      for file in files(video) + files(picture) + files(frame) {
        #expect(exists("\(folder)/out/\(file)"))
      }
    }
  }

  @Test("An item has formats of its own, and unsuitable ones are reported")
  func ofItems() throws {
    try withTemporaryFolder { folder in
      func item(_ id: String, _ format: String, _ more: String = "") -> String {
        "{\"id\": \"\(id)\", \"image\": \"\(Self.still)\", \"format\": \(format), \"prompts\": "
          + "[{\"points\": [[64, 63]]\(more)}]}"
      }
      let results = try run(
        [
          item("rle", "\"rle\""), item("two", "\"coco,davis\""), item("bad", "\"png,cocoa\""),
          item("list", "[\"png\"]"), item("sav", "\"png,sav\""),
          item("three", "\"coco\"", ", \"multimask\": true"),
          item("large", "\"davis\"", ", \"object\": 256"),
          item("twice", "\"coco\"", "}, {\"points\": [[9, 9]], \"object\": 1"),
          "{\"id\": \"default\", \"image\": \"\(Self.still)\", \"prompts\": [{\"points\": [[64, 63]]}]}",
          "{\"id\": \"v\", \"video\": \"\(Self.clip)\", \"actions\": \(Self.actions)}",
        ], ["--format", "sav-json"], in: folder, exitCode: 1)
      #expect(folderNames("\(folder)/out") == ["results.jsonl", "two", "v"])
      #expect(
        fileTree("\(folder)/out/two").keys.sorted() == ["coco/coco.json", "davis/labels.png"])
      #expect(fileTree("\(folder)/out/v").keys.sorted() == ["clip_manual.json"])
      let codes = results.compactMapValues { $0["error"]?["code"]?.string }
      #expect(
        codes == [
          "bad": "batch.format", "list": "batch.format", "sav": "format.unsuitable",
          "three": "labels.masks", "twice": "labels.duplicate", "large": "labels.identifier",
          "default": "format.unsuitable",
        ])
    }
  }

  @Test("Files of all formats are replaced when the formats change, and kept when they do not")
  func changed() throws {
    try withTemporaryFolder { folder in
      let items = [
        "{\"id\": \"p\", \"image\": \"\(Self.still)\", \"prompts\": [{\"points\": [[64, 63]]}]}",
        "{\"id\": \"v\", \"video\": \"\(Self.clip)\", \"actions\": \(Self.actions)}",
      ]
      let all = "png,davis,sav,sav-json,coco,coco-polygons,yolo,label-studio,cvat"
      for format in [all] + all.split(separator: ",").map(String.init) + ["rle"] {
        let isForVideos = format.hasPrefix("sav")
        _ = try run(
          items, ["--format", format, "--resume"], in: folder, exitCode: isForVideos ? 1 : 0)
        let names = folderNames("\(folder)/out/v")
        #expect(names.contains("sav") == (format == all), "\(format)")
      }
      // With run lengths there is nothing to put in place of the last files.
      #expect(fileTree("\(folder)/out/v").keys.sorted() == ["annotations.xml"])
      unlink("\(folder)/out/v/annotations.xml")
      rmdir("\(folder)/out/v")
      _ = try run(items, ["--format", "rle", "--resume"], in: folder)
      #expect(!exists("\(folder)/out/v"))
    }
  }

  @Test("A damaged video fails, or is done without the frames that cannot be decoded")
  func damaged() throws {
    try withTemporaryFolder { folder in
      try Tool.makeFolder("\(folder)/frames")
      for name in folderNames(Self.clip) {
        let bytes = fileBytes("\(Self.clip)/\(name)") ?? []
        write(name == "00002.jpg" ? Array(bytes.prefix(40)) : bytes, to: "\(folder)/frames/\(name)")
      }
      let item = "{\"id\": \"v\", \"video\": \"frames\", \"actions\": \(Self.actions)}"
      let failed = try run([item], [], in: folder, exitCode: 1)
      #expect(failed["v"]?["error"]?["code"]?.string == "image.damaged")
      let done = try run([item], ["--on-error", "skip", "--resume"], in: folder, exitCode: 1)
      #expect(done["v"]?["incomplete"]?.bool == true)
      let skipped: JSONValue = [["frame": 2, "code": "image.damaged"]]
      #expect(done["v"]?["skipped"] == skipped)
      #expect(folderNames("\(folder)/out/v/007") == ["00000.png", "00001.png", "00003.png"])
    }
  }
}
