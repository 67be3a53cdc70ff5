import Bytes
import Glibc
import JSON
import Media
import TestSupport
import Testing

@Suite("The C interface")
struct CInterfaceTests {
  private static let model = Workplace.bundled

  @Test(
    "exports the functions of its header, and nothing else",
    .enabled(if: CLibrary.hasCompiler, "the tools of clang are not on the path"))
  func exports() throws {
    let library = try CLibrary.shared.get()
    let outcome = try Tool.shell(
      "llvm-nm --dynamic --defined-only --extern-only --format=just-symbols \"$0\"", "libsam2.so",
      in: library.folder)
    try expectSuccess(outcome)
    let exported = outcome.output.split(separator: "\n").map { $0.prefix { $0 != "@" } }
      .filter { $0 != "SAM2_1" }
    let header = try #require(fileBytes("\(library.folder)/sam2.h"))
    let declared = functions(ofHeader: String(decoding: header, as: UTF8.self))
    #expect(declared.count > 30)
    #expect(Set(exported.map(String.init)) == Set(declared))
  }

  @Test(
    "C: one click gives the masks, logits and scores of sam2 segment",
    .enabled(if: CLibrary.hasCompiler, "clang is not on the path"))
  func segmentsFromC() throws {
    let library = try CLibrary.shared.get()
    let program = try library.compile("Scripts/examples/segment.c", "clang", standard: "c11")
    let picture = try Workplace.shared.get().scene + "/picture.png"
    let call = ["segment", picture, "--point", "152,200", "-o", "out", "--json"]
    try withRun(call + ["--best", "--save-logits", "l.npy"]) { outcome, folder in
      try expectSuccess(outcome)
      let mine = try Tool.shell(
        "\(program) \(Self.model) \"$0\" 152 200 mine", picture, in: folder)
      try expectSuccess(mine)
      let isSame = try mask("\(folder)/mine.pgm") == mask("\(folder)/out/picture.png")
      #expect(isSame)
      let logits = floats("\(folder)/l.npy").values
      let raw = try #require(fileBytes("\(folder)/mine.f32"))
      let hasSameLogits = raw.elementsEqual(logits.flatMap { littleEndianBytes($0.bitPattern) })
      #expect(hasSameLogits && !logits.isEmpty)
      let scores = mine.output.split(separator: "\n")
      let best = try #require(scores.first { $0.hasSuffix(" best") })
      let guess = try outcome.json.requiredArray("images")[0].requiredArray("prompts")[0]
        .requiredArray("predicted_iou")[0].double
      #expect(scores.count == 3)
      #expect(Float(best.dropLast(" best".count)) == guess.map { Float($0) })
    }
  }

  @Test(
    "C++: clicks give the masks of sam2 track on every frame",
    .enabled(if: CLibrary.hasCompiler, "clang is not on the path"))
  func tracksFromCPlusPlus() throws {
    let library = try CLibrary.shared.get()
    let program = try library.compile("Scripts/examples/track.cpp", "clang++", standard: "c++17")
    try compareTracks { frames, folder in
      try Tool.shell(
        "mkdir mine && \(program) \(Self.model) \"$0\" mine 1,96,84 2,238,138", frames, in: folder)
    }
  }

  @Test(
    "Python: a box, everything, and clicks on a video give the masks of the commands",
    .enabled(if: CLibrary.hasPython, "python3 is not on the path"))
  func worksFromPython() throws {
    let library = try CLibrary.shared.get()
    let picture = try Workplace.shared.get().scene + "/picture.png"
    try compareTracks { frames, folder in
      try Tool.makeFolder("\(folder)/mine")
      return try library.python(
        ["track", Self.model, frames, "mine", "1,96,84", "2,238,138"], in: folder)
    }
    try withRun(["segment", picture, "--box", "208,180,379,349", "-o", "out", "--json"]) {
      outcome, folder in
      try expectSuccess(outcome)
      let mine = try library.python(
        ["segment", Self.model, picture, "208,180,379,349", "mine.pgm"], in: folder)
      try expectSuccess(mine)
      let isSame = try mask("\(folder)/mine.pgm") == mask("\(folder)/out/picture.png")
      #expect(isSame)
      let guess = try outcome.json.requiredArray("images")[0].requiredArray("prompts")[0]
        .requiredArray("predicted_iou")[0].double
      let scores = try JSONValue(parsing: Array(mine.output.utf8)).array ?? []
      #expect(scores.count == 2)
      #expect(scores.first?.double.map { Float($0) } == guess.map { Float($0) })
    }
    try compareEverything(picture, library)
  }

  @Test(
    "Arguments that make no sense are errors, never crashes, also from several threads",
    .enabled(if: CLibrary.hasCompiler, "clang is not on the path"))
  func refusesNonsense() throws {
    let library = try CLibrary.shared.get()
    let program = try library.compile(
      "Tests/EndToEndTests/CInterface/strict.c", "clang", standard: "c11")
    let picture = try Workplace.shared.get().scene + "/picture.png"
    try withTemporaryFolder { folder in
      let outcome = try Tool.shell("\(program) \(Self.model) \"$0\" .", picture, in: folder)
      #expect(outcome.exitCode == 0, "\(outcome.output)\(outcome.errors)")
    }
  }

  // MARK: - Comparisons

  /// Holds masks that `track` writes to `mine/FRAME_OBJECT.pgm`, given the folder of frames and one
  /// to work in, to those of `sam2 track`.
  private func compareTracks(_ track: (String, String) throws -> Tool.Outcome) throws {
    let frames = try Workplace.shared.get().scene + "/frames"
    let clicks = ["--object", "1", "--point", "96,84", "--object", "2", "--point", "238,138"]
    try withRun(["track", frames, "--format", "sav", "-o", "out"] + clicks) { outcome, folder in
      try expectSuccess(outcome)
      try expectSuccess(track(frames, folder))
      #expect(folderNames("\(folder)/mine").count == 2 * Workplace.frameCount)
      for name in folderNames("\(folder)/mine") {
        let parts = name.dropLast(".pgm".count).split(separator: "_")
        let isSame =
          try mask("\(folder)/mine/\(name)") == mask("\(folder)/out/00\(parts[1])/\(parts[0]).png")
        #expect(isSame, "\(name)")
      }
    }
  }

  private func compareEverything(_ picture: String, _ library: CLibrary) throws {
    let options = ["--points-per-side", "8", "--stability-score-thresh", "0.7"]
    try withRun(["auto", picture, "-o", "out", "--json"] + options) { outcome, folder in
      try expectSuccess(outcome)
      try Tool.makeFolder("\(folder)/mine")
      let mine = try library.python(
        [
          "auto", Self.model, picture, "mine", "points_per_side=8", "stability_score_threshold=0.7",
        ], in: folder)
      try expectSuccess(mine)
      let theirs = try outcome.json.requiredArray("images")[0].requiredArray("masks")
      let found = try JSONValue(parsing: Array(mine.output.utf8)).array ?? []
      #expect(found.count == theirs.count && found.count > 1)
      for (index, pair) in zip(found, theirs).enumerated() {
        for key in ["area", "predicted_iou", "stability_score"] {
          #expect(try pair.0.requiredDouble(key) == pair.1.requiredDouble(key))
        }
        let isSame =
          try mask("\(folder)/mine/\(index).pgm") == mask("\(folder)/out/picture/\(index).png")
        #expect(isSame, "mask \(index)")
      }
    }
  }

  /// The pixels that are not zero, of a PGM or PNG file.
  private func mask(_ path: String) throws -> BinaryMask {
    guard path.hasSuffix(".pgm") else {
      let picture = try ImageReader.read(path)
      let bits = stride(from: 0, to: picture.pixels.count, by: 3).map { picture.pixels[$0] > 0 }
      return BinaryMask(width: picture.width, height: picture.height, bits: bits)
    }
    let bytes = try #require(fileBytes(path))
    let lines = bytes.split(separator: UInt8(ascii: "\n"), maxSplits: 3)
    let size = String(decoding: lines[1], as: UTF8.self).split(separator: " ").compactMap {
      Int($0)
    }
    return BinaryMask(width: size[0], height: size[1], bits: lines[3].map { $0 > 0 })
  }

  /// Names before a parenthesis, outside of comments and macros.
  private func functions(ofHeader text: String) -> [String] {
    let code = text.components(outside: "/*", "*/").split(separator: "\n")
      .filter { !$0.hasPrefix("#") && !$0.hasPrefix("typedef") }.joined(separator: "\n")
    return code.split(separator: "(").dropLast().compactMap { part in
      part.split { !($0.isLetter || $0.isNumber || $0 == "_") }.last.map(String.init)
    }.filter { $0.hasPrefix("sam2_") }
  }
}

extension String {
  /// The text without what is between each `start` and the `end` after it.
  fileprivate func components(outside start: String, _ end: String) -> String {
    var kept = ""
    var rest = self[...]
    while let opening = rest.firstRange(of: start) {
      kept += rest[..<opening.lowerBound]
      rest = rest[opening.upperBound...]
      rest = rest.firstRange(of: end).map { rest[$0.upperBound...] } ?? ""
    }
    return kept + rest
  }
}
