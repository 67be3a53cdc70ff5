import Bytes
import Media
import SAM2
import TestSupport
import Testing

@testable import SAM2Jobs

@Suite("Mask files in jobs")
struct MaskFileTests {
  private static let (width, height) = (12, 8)

  /// Object 1 on the left, object 2 on the right.
  private static let labels = (0..<width * height).map {
    $0 % width < 4 ? 1 : $0 % width > 7 ? 2 : 0
  }

  private func withMask<Result>(_ values: [Int], _ body: (String) throws -> Result) throws -> Result
  {
    try withTemporaryFolder { folder in
      let path = "\(folder)/m.png"
      try PictureFile.write(
        RawPNG(width: Self.width, height: Self.height, .gray, samples: values).bytes, to: path)
      return try body(path)
    }
  }

  @Test("Of several objects the number chooses; without one all are taken, and that is reported")
  func objects() throws {
    try withMask(Self.labels) { path in
      let second = try MaskFile(path).mask(of: 2)
      #expect(second.mask.area == 4 * Self.height && second.notices.map(\.code) == ["mask.others"])
      let all = try MaskFile(path).mask()
      #expect(all.mask.area == 8 * Self.height && all.notices.map(\.code) == ["mask.union"])
      #expect(throws: failure("mask.label")) { try MaskFile(path).mask(of: 3) }
      let reading = InputReading(masks: .nonzero)
      #expect(try MaskFile(path, reading).mask(of: 3).notices.isEmpty)
    }
  }

  @Test("One object is it, whatever the number", arguments: [1, 3, 200, 255])
  func one(_ value: Int) throws {
    try withMask(Self.labels.map { $0 == 1 ? value : 0 }) { path in
      for object in [nil, 1, 9] as [Int?] {
        let found = try MaskFile(path).mask(of: object)
        #expect(found.mask.area == 4 * Self.height && found.notices.isEmpty)
      }
    }
  }

  @Test("A script reads each object's mask from one file, as prompts on the command line do")
  func scripts() throws {
    try withMask(Self.labels) { path in
      var plan = TrackPlan(
        script: InteractionScript([
          .addMask(frame: 0, object: 1, file: path), .addMask(frame: 0, object: 2, file: path),
          .propagate(start: nil, maxFrames: nil, isReverse: false),
        ]), folder: ".")
      try plan.loadMasks()
      var builder = TrackPlanBuilder()
      try builder.addMask(path)
      var built = builder.plan
      try built.loadMasks()
      for (a, b) in zip(plan.script.maskFiles, built.script.maskFiles) {
        let isSame = try plan.mask(a) == built.mask(b)
        #expect(isSame)
      }
      #expect(plan.objects == [1, 2] && built.objects == [1, 2])
      #expect(plan.notices.map(\.code) == ["mask.others"] && plan.notices[0].count == 2)
    }
  }
}
