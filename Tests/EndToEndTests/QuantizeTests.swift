import Glibc
import JSON
import TestSupport
import Testing

/// The stages of sam2-quantize that a model passes, and the parts of it that are quantised.
@Suite("The stages and parts of sam2-quantize")
struct QuantizeTests {
  private func quantize(_ arguments: [String], in folder: String) throws -> Tool.Outcome {
    try Tool.quantize.run([try Workplace.shared.get().model] + arguments, in: folder)
  }

  /// Types of the tensors of a file, and its metadata.
  private func inspect(
    _ name: String, in folder: String
  ) throws -> (types: Set<String>, metadata: JSONValue) {
    let listing = try Tool.convert.run(["inspect", name, "--tensors", "--json"], in: folder).json
    let types = try listing.requiredArray("tensor_list").compactMap { $0["dtype"]?.string }
    return (Set(types), try listing.required("metadata"))
  }

  @Test("--passes lists names, classes and what each does")
  func passes() throws {
    let text = try Tool.quantize.run(["--passes"], in: "/")
    #expect(text.exitCode == 0)
    #expect(text.output.contains("eliminate-dead-code (exact): "))
    let list = try #require(Tool.quantize.run(["--passes", "--json"], in: "/").json.array)
    #expect(list.count == text.output.split(separator: "\n").count)
    let classes = list.compactMap { $0["class"]?.string }
    #expect(Set(classes) == ["exact", "algebraic", "budgeted"])
    #expect(classes.suffix(4) == ["budgeted", "budgeted", "budgeted", "algebraic"])
    for entry in list { #expect(try !entry.requiredString("summary").isEmpty) }
  }

  @Test("--until ends after any pass, and the short forms are two of them")
  func until() throws {
    let names = try #require(Tool.quantize.run(["--passes", "--json"], in: "/").json.array)
      .compactMap { $0["pass"]?.string }
    try withTemporaryFolder { folder in
      for name in names {
        try expectSuccess(quantize(["-q", "--until", name, "-o", "\(name).sam2"], in: folder))
        try expectSuccess(Tool.convert.run(["verify", "-q", "\(name).sam2"], in: folder))
      }
      try expectSuccess(quantize(["-q", "--optimize-only", "-o", "optimised"], in: folder))
      try expectSuccess(quantize(["-q", "--weights-only", "-o", "stored"], in: folder))
      try expectSuccess(quantize(["-q", "-o", "whole"], in: folder))
      for (short, long) in [
        ("optimised", "eliminate-dead-code"), ("stored", "store-compactly"),
        ("whole", "quantize-attention"),
      ] {
        let isSame = fileBytes("\(folder)/\(short)") == fileBytes("\(folder)/\(long).sam2")
        #expect(isSame, "\(short)")
      }
      let optimised = try inspect("optimised", in: folder)
      #expect(optimised.types == ["f32"])
      let entry = try optimised.metadata.required("optimization")
      #expect(try entry.requiredArray("passes").count > 3)
      #expect(try entry.requiredString("source_sha256").utf8.count == 64)
      #expect(optimised.metadata["quantization"] == nil)
      let stored = try inspect("stored", in: folder)
      #expect(stored.types == ["i8", "f16", "f32"])
      let scheme = try stored.metadata.required("quantization").requiredString("scheme")
      #expect(scheme.hasPrefix("w8:"))
    }
  }

  @Test("Files of every stage segment alike")
  func everyStageSegments() throws {
    let scene = try Workplace.shared.get().scene
    try withTemporaryFolder { folder in
      for (name, arguments) in [
        ("fp32", ["--optimize-only"]), ("w8", ["--weights-only"]), ("picture", ["--image-only"]),
      ] {
        try expectSuccess(quantize(["-q", "-o", "\(name).sam2"] + arguments, in: folder))
        try expectSuccess(
          Tool.sam2.run(
            [
              "segment", "\(scene)/picture.png", "--prompts", "\(scene)/prompts.json", "--format",
              "davis", "-o", name, "--model", "\(name).sam2", "-q",
            ], in: folder))
        let score = try Tool.sam2.run(
          ["score", "\(name)/picture.png", "\(scene)/picture_truth.png", "--json"], in: folder)
        #expect(try score.json.requiredDouble("mean_iou") > 0.9, "\(name): \(score)")
      }
    }
  }

  @Test("--image-only drops the memory, which tracking misses")
  func imageOnly() throws {
    let scene = try Workplace.shared.get().scene
    try withTemporaryFolder { folder in
      try expectSuccess(quantize(["-q", "-o", "whole.sam2"], in: folder))
      try expectSuccess(quantize(["-q", "--image-only", "-o", "part.sam2"], in: folder))
      let sizes = try ["whole.sam2", "part.sam2"].map { try #require(fileBytes("\(folder)/\($0)")) }
      #expect(sizes[1].count < sizes[0].count)
      #expect(try inspect("part.sam2", in: folder).metadata["parts"]?.string == "image-only")
      let listing = try Tool.convert.run(["inspect", "part.sam2"], in: folder)
      #expect(listing.output.contains("parts: image-only\n"))
      for name in ["whole", "part"] {
        try expectSuccess(
          Tool.sam2.run(
            [
              "segment", "\(scene)/picture.png", "--point", "150,200", "--save-logits",
              "\(name).npy", "-o", name, "--model", "\(name).sam2", "-q",
            ], in: folder))
      }
      let isSame = fileBytes("\(folder)/whole.npy") == fileBytes("\(folder)/part.npy")
      #expect(isSame)
      let names = folderNames(folder)
      let outcome = try Tool.sam2.run(
        ["track", "\(scene)/frames", "--point", "9,9", "-o", "out", "--model", "part.sam2"],
        in: folder)
      #expect(outcome.exitCode == 65)
      #expect(outcome.errors.contains("part.sam2: the model cannot track"), "\(outcome.errors)")
      #expect(folderNames(folder) == names)
      let bench = try Tool.sam2.run(
        ["bench", "--runs", "1", "--json", "--model", "part.sam2"], in: folder)
      #expect(try bench.json.requiredArray("totals").count == 2)
      // A model that has lost a part can be quantised no further for it.
      let again = try Tool.quantize.run(
        ["part.sam2", "--allow-requantize", "--image-only", "-q", "-o", "again.sam2"], in: folder)
      #expect(again.exitCode == 0, "\(again.errors)")
    }
  }

  @Test("--encoder-only keeps the encoder, and segmenting reports that the rest is missing")
  func encoderOnly() throws {
    let scene = try Workplace.shared.get().scene
    try withTemporaryFolder { folder in
      try expectSuccess(quantize(["-q", "--encoder-only", "-o", "part.sam2"], in: folder))
      for command in ["segment", "auto", "track"] {
        let input = command == "track" ? "\(scene)/frames" : "\(scene)/picture.png"
        let prompt = command == "auto" ? [] : ["--point", "9,9"]
        let outcome = try Tool.sam2.run(
          [command, input, "-o", "out", "--model", "part.sam2"] + prompt, in: folder)
        #expect(outcome.exitCode == 65)
        #expect(outcome.errors.contains("image encoder only"), "\(outcome.errors)")
      }
      let bench = try Tool.sam2.run(
        ["bench", "--runs", "1", "--json", "--model", "part.sam2"], in: folder)
      #expect(try bench.json.requiredArray("totals").count == 1)
      #expect(folderNames(folder) == ["part.sam2"])
    }
  }

  @Test("--allow-requantize rounds again, and the file records it")
  func requantize() throws {
    try withTemporaryFolder { folder in
      let outcome = try Tool.quantize.run(
        [Workplace.bundled, "--allow-requantize", "-o", "again.sam2", "-q"], in: folder)
      #expect(outcome.exitCode == 0, "\(outcome.errors)")
      let record = try inspect("again.sam2", in: folder).metadata.required("quantization")
      #expect(try record.required("previous").requiredString("scheme").hasPrefix("w8a8"))
      let hash = try record.requiredString("source_sha256")
      #expect(try record.required("previous").requiredString("source_sha256") != hash)
    }
  }

  @Test("--bisect runs every pass, and its exit code shows whether one is over its budget")
  func bisect() throws {
    try withTemporaryFolder { folder in
      let within = try quantize(["--bisect", "--json"], in: folder)
      #expect(within.exitCode == 0, "\(within.errors)")
      #expect(within.errors.isEmpty)
      let report = try within.json
      #expect(report["first_over_budget"]?.isNull == true)
      let passes = try report.requiredArray("passes")
      #expect(passes.count == 11)
      for pass in passes { #expect(pass["within_budget"]?.bool == true) }
      let scene = try Workplace.shared.get().scene
      let over = try quantize(
        ["--bisect", "--calibrate", "\(scene)/picture.png", "--min-iou", "1"], in: folder)
      #expect(over.exitCode == 1, "\(over)")
      let last = try #require(over.output.split(separator: "\n").last)
      #expect(last.hasPrefix("first over its budget: "), "\(over.output)")
      let clips = try quantize(["--bisect", "--calibrate", "\(scene)/frames"], in: folder)
      #expect(clips.exitCode == 64)
      #expect(folderNames(folder).isEmpty)
    }
  }

  @Test("Nothing is written past a limit of file size")
  func fullDisk() throws {
    try withTemporaryFolder { folder in
      let model = try Workplace.shared.get().model
      let outcome = try Tool.quantize.run(
        [model, "-o", "out.sam2"], in: folder, limits: ["-f 1000"])
      #expect(outcome.exitCode == 74, "\(outcome.errors)")
      #expect(folderNames(folder).isEmpty)
    }
  }

  @Test("The output may not be the input by another name")
  func hardLink() throws {
    try withTemporaryFolder { folder in
      let bytes = try #require(fileBytes(Workplace.bundled))
      write(bytes, to: "\(folder)/a.sam2")
      #expect(link("\(folder)/a.sam2", "\(folder)/b.sam2") == 0)
      let outcome = try Tool.quantize.run(
        ["a.sam2", "--allow-requantize", "-o", "b.sam2", "--force"], in: folder)
      #expect(outcome.exitCode == 64)
      #expect(outcome.errors.contains("replace the input"))
      let isSame = fileBytes("\(folder)/b.sam2") == bytes
      #expect(isSame)
    }
  }

  @Test("Undecodable inputs are skipped and counted, and one picture is warned of")
  func skippedInputs() throws {
    let scene = try Workplace.shared.get().scene
    try withTemporaryFolder { folder in
      write("not a picture", to: "\(folder)/bad.png")
      let inputs = ["--calibrate", "\(scene)/picture.png", "--calibrate", "bad.png"]
      let outcome = try quantize(inputs + ["-o", "out.sam2"], in: folder)
      #expect(outcome.exitCode == 1)
      #expect(outcome.errors.contains("skipped: bad.png"), "\(outcome.errors)")
      #expect(outcome.errors.contains("warning: one picture"), "\(outcome.errors)")
      let allowed = try quantize(inputs + ["-o", "two.sam2", "--max-bad", "1"], in: folder)
      #expect(allowed.exitCode == 0)
      let isSame = fileBytes("\(folder)/out.sam2") == fileBytes("\(folder)/two.sam2")
      #expect(isSame)
      let record = try inspect("out.sam2", in: folder).metadata.required("quantization")
      #expect(try record.required("calibration").requiredInt("skipped") == 1)
    }
  }
}

/// Weights that no sane checkpoint has, from the checkpoint's file to the answer.
@Suite("Odd weights through sam2-quantize")
struct OddWeightTests {
  private static let name = "image_encoder.trunk.blocks.2.attn.qkv.weight"
  /// Inputs of that product, which are the length of a channel.
  private static let depth = 64

  /// Converts nano after `change` has had the bytes of one weight.
  private func convert(
    in folder: String, _ change: (inout [UInt8], Range<Int>) -> Void
  ) throws {
    try expectSuccess(
      Tool.convert.run(
        ["export", try Workplace.shared.get().model, "-o", "w.safetensors", "-q"], in: folder))
    var bytes = try #require(fileBytes("\(folder)/w.safetensors"))
    let length = bytes[..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
    let header = try JSONValue(parsing: Array(bytes[8..<(8 + length)]))
    let offsets = try header.required(Self.name).requiredArray("data_offsets").compactMap(\.int)
    let range = try #require(offsets.count == 2 ? offsets[0]..<offsets[1] : nil)
    change(&bytes, (8 + length + range.lowerBound)..<(8 + length + range.upperBound))
    write(bytes, to: "\(folder)/w.safetensors")
    try expectSuccess(
      Tool.convert.run(
        ["w.safetensors", "--config", Workplace.nano("nano.yaml"), "-o", "w.sam2", "-q"],
        in: folder))
  }

  @Test("NaN is refused, with the tensor and the element")
  func notANumber() throws {
    try withTemporaryFolder { folder in
      try convert(in: folder) { bytes, range in
        bytes.replaceSubrange(
          (range.lowerBound + 4 * 70)..<(range.lowerBound + 4 * 71), with: [0, 0, 0xC0, 0x7F])
      }
      let outcome = try Tool.quantize.run(["w.sam2", "-o", "out.sam2", "--json"], in: folder)
      #expect(outcome.exitCode == 65)
      #expect(try outcome.json.required("error").requiredString("code") == "quantize.value")
      #expect(outcome.errors.contains("tensor \(Self.name), element 70"), "\(outcome.errors)")
      #expect(!folderNames(folder).contains("out.sam2"))
    }
  }

  @Test("A channel of zeros is quantised, counted, and in the report")
  func zeros() throws {
    try withTemporaryFolder { folder in
      try convert(in: folder) { bytes, range in
        let channel = range.lowerBound..<(range.lowerBound + 4 * Self.depth)
        bytes.replaceSubrange(channel, with: [UInt8](repeating: 0, count: channel.count))
      }
      let outcome = try Tool.quantize.run(
        ["w.sam2", "-o", "out.sam2", "--report", "report", "--report-frames", "2"], in: folder)
      #expect(outcome.exitCode == 0, "\(outcome.errors)")
      #expect(outcome.errors.contains("channels of nothing but zeros"), "\(outcome.errors)")
      let report = try JSONValue(parsing: try #require(fileBytes("\(folder)/report/report.json")))
      let tensor = try #require(
        report["tensors"]?.array?.first { $0["name"]?.string == Self.name })
      #expect(try tensor.requiredInt("zero_channels") == 1)
      let page = String(decoding: fileBytes("\(folder)/report/index.html") ?? [], as: UTF8.self)
      #expect(page.contains("1 channel of zeros"))
    }
  }
}
