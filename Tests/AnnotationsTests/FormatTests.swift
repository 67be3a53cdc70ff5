import Bytes
import JSON
import Media
import TestSupport
import Testing

@testable import Annotations

@Suite("Formats that other tools read")
struct FormatTests {
  static func text(_ files: [AnnotationFile], _ name: String) throws -> String {
    let file = try #require(files.first { $0.name == name }, "\(files.map(\.name))")
    return String(decoding: file.bytes, as: UTF8.self)
  }

  static func labels(_ files: [AnnotationFile], _ name: String) throws -> LabelMap {
    let file = try #require(files.first { $0.name == name }, "\(files.map(\.name))")
    return try withTemporaryFolder { folder in
      try PictureFile.write(file.bytes, to: "\(folder)/a.png")
      return try LabelMap.read("\(folder)/a.png")
    }
  }

  @Test("Masks come back from their compact form")
  func compact() throws {
    var random = SeededRandom(seed: 3)
    for mask in Samples.all + (0..<30).map({ _ in Samples.random(&random) }) {
      let stored = AnnotatedMask(object: 1, score: nil, mask: mask)
      #expect(try stored.pixels() == mask)
      #expect(stored.area == mask.area)
    }
  }

  @Test("PNG, DAVIS and SA-V: levels, names, and the lowest number on top")
  func pngs() throws {
    let picture = Samples.picture
    let plain = try PlainMasks().files(of: picture)
    #expect(plain.map(\.name) == (1...3).map { "00\($0)/dog <1>.png" })
    #expect(try Self.labels(plain, "001/dog <1>.png").labels.max() == 255)
    let davis = try Self.labels(DAVISLabels().files(of: picture), "dog <1>.png")
    #expect(davis.labels == [1, 1, 2, 0, 1, 1, 2, 0, 0, 0, 0, 2])
    let sav = try SAVMasks().files(of: picture)
    #expect(
      try Self.labels(sav, "002/dog <1>.png").labels == [0, 1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 1])
    #expect(try Self.labels(sav, "003/dog <1>.png").labels.max() == 0)
    let many = AnnotatedPicture(
      name: "a", stem: "a", index: 0, width: 2, height: 1,
      masks: [AnnotatedMask(object: 256, score: nil, mask: BinaryMask(width: 2, height: 1))])
    #expect(throws: failure("labels.identifier")) { try DAVISLabels().files(of: many) }
  }

  @Test("COCO: boxes, areas, run lengths; empty masks are left out", arguments: [false, true])
  func coco(polygons: Bool) throws {
    var context = AnnotationContext()
    context.category = "dog"
    context.imagePrefix = "train/"
    let format = COCOInstances(context: context, shape: polygons ? .polygons : .runLengths)
    let name = polygons ? "coco-polygons.json" : "coco.json"
    let json = try JSONValue(
      parsing: Self.text(format.files(ofAll: [Samples.picture, Samples.picture]), name))
    #expect(json["images"]?[1]?["id"]?.int == 2)
    #expect(json["images"]?[0]?["file_name"]?.string == "train/dog <1>.jpg")
    #expect(json["categories"]?[0]?["name"]?.string == "dog")
    let annotations = try json.requiredArray("annotations")
    #expect(annotations.map { $0["id"]?.int } == [1, 2, 3, 4])
    #expect(annotations.map { $0["image_id"]?.int } == [1, 1, 2, 2])
    #expect(try annotations[1].requiredInts("bbox") == [1, 0, 3, 3])
    #expect(try annotations[1].requiredInt("area") == 5)
    if polygons {
      #expect(try annotations[0].requiredArray("segmentation").count == 1)
    } else {
      let counts = try annotations[1].required("segmentation").requiredString("counts")
      let runs = try RunLengthMask(width: 4, height: 3, cocoCounts: counts)
      #expect(try runs.mask == Samples.picture.masks[1].pixels())
    }
  }

  @Test("YOLO: one line an object, shares of the sides, at least three points")
  func yolo() throws {
    let format = YOLOSegments(context: AnnotationContext())
    let lines = try Self.text(format.files(of: Samples.picture), "labels/dog <1>.txt")
      .split(separator: "\n")
    #expect(lines.count == 2)
    for line in lines {
      let fields = line.split(separator: " ")
      #expect(fields[0] == "0" && fields.count >= 7 && fields.count.isMultiple(of: 2) == false)
      #expect(fields.dropFirst().allSatisfy { (0...1).contains(Double($0) ?? 2) })
    }
    #expect(lines[0].hasPrefix("0 0.125000 0.166667"))
    let small = AnnotatedPicture(
      name: "a.b.png", stem: "x", index: 0, width: 4, height: 3,
      masks: [AnnotatedMask(object: 1, score: nil, mask: Samples.dot)])
    let line = try Self.text(format.files(of: small), "labels/a.b.txt")
    #expect(line.split(separator: " ").count == 7)
    #expect(try Self.text(format.files(ofAll: []), "data.yaml").contains("0: \"object\""))
  }

  @Test("Label Studio: the brush code holds the mask four times over")
  func labelStudio() throws {
    var random = SeededRandom(seed: 4)
    for mask in Samples.all + (0..<30).map({ _ in Samples.random(&random) }) {
      let values = try BrushReader.values(of: BrushRuns.encode(mask))
      #expect(values == mask.bits.flatMap { [UInt8](repeating: $0 ? 255 : 0, count: 4) })
    }
    // Runs beyond 65,536 values are split.
    let large = BinaryMask(width: 300, height: 200, bits: [Bool](repeating: true, count: 60_000))
    let values = try BrushReader.values(of: BrushRuns.encode(large))
    #expect(values.count == 240_000 && values.allSatisfy { $0 == 255 })

    let format = LabelStudioBrush(context: AnnotationContext())
    let json = try JSONValue(
      parsing: Self.text(format.files(ofAll: [Samples.picture]), "label-studio.json"))
    let results = json[0]?["predictions"]?[0]?["result"]?.array ?? []
    #expect(results.count == 2)
    #expect(results.first?["original_width"]?.int == 4)
    #expect(results.first?["value"]?["format"]?.string == "rle")
  }

  @Test("CVAT: runs row after row within the box, names escaped")
  func cvat() throws {
    var context = AnnotationContext()
    context.category = "a&\"b"
    let format = CVATMasks(context: context)
    let text = try Self.text(format.files(ofAll: [Samples.picture]), "annotations.xml")
    #expect(text.contains("name=\"dog &lt;1&gt;.jpg\" width=\"4\" height=\"3\""))
    #expect(text.contains("label=\"a&amp;&quot;b\""))
    // .## / .## cropped to its box of three columns and three rows: ##. ##. ..#
    #expect(
      text.contains("rle=\"0, 2, 1, 2, 3, 1\" left=\"1\" top=\"0\" width=\"3\" height=\"3\""))
    #expect(text.contains("z_order=\"1\" group_id=\"1\""))
  }

  @Test("SA-V masklets: an entry for every frame, and the data set's statistics")
  func masklets() throws {
    var context = AnnotationContext()
    context.video = VideoFacts(
      identifier: "clip", frameCount: 5, width: 4, height: 3, duration: 0.25)
    let seen = Samples.mask("##..", "##..", "....")
    let pictures = [(1, seen), (2, BinaryMask(width: 4, height: 3)), (3, seen)].map { frame, mask in
      AnnotatedPicture(
        name: "a", stem: "a", index: frame, width: 4, height: 3,
        masks: [AnnotatedMask(object: 7, score: nil, mask: mask)])
    }
    let files = try SAVMasklets(context: context).files(ofAll: pictures)
    let text = try Self.text(files, "clip_manual.json")
    let json = try JSONValue(parsing: text)
    #expect(try json.requiredArray("masklet").count == 5)
    #expect(text.contains("\"video_frame_count\":5.0"))
    #expect(
      json["masklet"]?[0]?[0]?["counts"]?.string == json["masklet"]?[2]?[0]?["counts"]?.string)
    #expect(try json.requiredInts("masklet_id") == [7])
    #expect(json["masklet_size_abs"]?[0]?.double == 4)
    #expect(json["masklet_first_appeared_frame"]?[0]?.double == 1)
    #expect(json["masklet_visibility_changes"]?[0]?.int == 3)
  }

  @Test("One format writes to the folder, each of several below it")
  func places() throws {
    let context = AnnotationContext()
    let one = AnnotationFolder(path: "out/", kinds: [.davis], context: context)
    #expect(try one.files(of: Samples.picture).map(\.name) == ["out/dog <1>.png"])
    let two = AnnotationFolder(path: "out", kinds: [.davis, .coco], context: context)
    #expect(try two.files(of: Samples.picture).map(\.name) == ["out/davis/dog <1>.png"])
    #expect(try two.files(ofAll: [Samples.picture]).map(\.name) == ["out/coco/coco.json"])
    try withTemporaryFolder { folder in
      let file = AnnotationFile(name: "\(folder)/a/b/c.txt", bytes: [1, 2])
      try AnnotationFolder.write([file, file], below: "\(folder)/a")
      #expect(fileBytes(file.name) == [1, 2])
      #expect(folderNames("\(folder)/a/b") == ["c.txt"])
      #expect(throws: failure("output.folder")) {
        try AnnotationFolder.write(
          [AnnotationFile(name: file.name + "/d", bytes: [])], below: folder)
      }
      #expect(throws: failure("output.place")) {
        try AnnotationFolder.write([file], below: "\(folder)/b")
      }
    }
  }
}

/// Reads Label Studio's brush code back, bit by bit.
enum BrushReader {
  static func values(of bytes: [UInt8]) throws -> [UInt8] {
    var position = 0
    func read(_ count: Int) throws -> Int {
      try #require(position + count <= 8 * bytes.count)
      var value = 0
      for _ in 0..<count {
        value = value << 1 | Int(bytes[position / 8] >> (7 - position % 8) & 1)
        position += 1
      }
      return value
    }
    let count = try read(32)
    let width = try read(5) + 1
    var sizes: [Int] = []
    for _ in 0..<4 { sizes.append(try read(4) + 1) }
    var values: [UInt8] = []
    while values.count < count {
      let isRun = try read(1) == 1
      let length = try read(sizes[read(2)]) + 1
      if isRun {
        let value = UInt8(try read(width))
        values += [UInt8](repeating: value, count: length)
      } else {
        for _ in 0..<length { values.append(UInt8(try read(width))) }
      }
    }
    return values
  }
}
