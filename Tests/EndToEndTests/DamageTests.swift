import Bytes
import JSON
import Media
import TestSupport
import Testing

@Suite("sam2 track on damaged videos")
struct DamageTests {
  static let clip = Workplace.nano("clip")

  /// The frames of the clip in `folder`/frames, one of them cut off.
  private func makeFrames(damaging damaged: Int, in folder: String) throws {
    try Tool.makeFolder("\(folder)/frames")
    for (index, name) in folderNames(Self.clip).enumerated() {
      let bytes = fileBytes("\(Self.clip)/\(name)") ?? []
      write(index == damaged ? Array(bytes.prefix(40)) : bytes, to: "\(folder)/frames/\(name)")
    }
  }

  private func skipped(_ outcome: Tool.Outcome) throws -> [Int] {
    try outcome.json.requiredArray("skipped").map { try $0.requiredInt("frame") }
  }

  @Test("A frame that cannot be decoded ends the job, or is left out and reported")
  func folder() throws {
    try withTemporaryFolder { folder in
      try makeFrames(damaging: 4, in: folder)
      let call = ["track", "frames", "--point", "42,58"]
      let stopped = try Tool.sam2.run(call + ["-o", "stopped"], in: folder)
      #expect(stopped.exitCode == 65)
      #expect(stopped.errors.contains("00004.jpg"))

      let skipping = call + ["--on-error", "skip", "--format", "davis,coco", "--json"]
      let outcome = try Tool.sam2.run(
        skipping + ["-o", "out", "--overlay", "drawn"], in: folder)
      #expect(outcome.exitCode == 1)
      #expect(outcome.errors.contains("frame 4 is left out"), "\(outcome.errors)")
      #expect(try skipped(outcome) == [4])
      #expect(try outcome.json.requiredArray("frames").count == 7)
      let there = [0, 1, 2, 3, 5, 6, 7].map { "0000\($0)" }
      #expect(folderNames("\(folder)/out/davis") == there.map { $0 + ".png" })
      #expect(folderNames("\(folder)/drawn") == there.map { $0 + ".jpg" })
      // Before the hole nothing is different.
      for frame in 0..<4 {
        let (a, b) = ("\(folder)/out/davis/0000\(frame).png", "\(folder)/stopped/0000\(frame).png")
        let isSame = fileBytes(a) == fileBytes(b)
        #expect(isSame, "frame \(frame)")
      }

      // In two parts, of which the second begins after the hole.
      let first = try Tool.sam2.run(
        skipping + ["-o", "parts", "--save-state", "job.state", "--stop-after", "5"], in: folder)
      #expect(first.exitCode == 1)
      let second = try Tool.sam2.run(
        skipping + ["-o", "parts", "--resume", "job.state"], in: folder)
      #expect(second.exitCode == 1)
      #expect(try skipped(second) == [4])
      let isSame = fileTree("\(folder)/parts") == fileTree("\(folder)/out")
      #expect(isSame)
    }
  }

  @Test("A video that is cut off is tracked up to the cut")
  func video() throws {
    try withTemporaryFolder { folder in
      let writer = try VideoWriter(path: "\(folder)/whole.mp4", width: 192, height: 144)
      for name in folderNames(Self.clip) {
        try writer.append(ImageReader.read("\(Self.clip)/\(name)"))
      }
      try writer.finish()
      let bytes = try #require(fileBytes("\(folder)/whole.mp4"))
      write(Array(bytes.prefix(bytes.count * 3 / 4)), to: "\(folder)/cut.mp4")
      let call = ["track", "cut.mp4", "--point", "42,58"]
      #expect(try Tool.sam2.run(call + ["-o", "stopped"], in: folder).exitCode == 65)
      let outcome = try Tool.sam2.run(
        call + ["-o", "out", "--on-error", "skip", "--json", "--overlay", "o.mp4"], in: folder)
      #expect(outcome.exitCode == 1, "\(outcome.errors)")
      let count = folderNames("\(folder)/out").count
      #expect((1..<8).contains(count))
      #expect(try skipped(outcome).count == 8 - count)
      var overlay = try FrameSource(path: "\(folder)/o.mp4")
      var drawn = 0
      while try overlay.next() != nil { drawn += 1 }
      #expect(drawn == count)
    }
  }
}
