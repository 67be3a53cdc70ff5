import Bytes
import Media
import TestSupport
import Testing

@Suite struct RunLengthMaskTests {
  /// Runs and their strings as `pycocotools` 2.0 gives them, also of its own tests.
  static let vectors: [(width: Int, height: Int, counts: [Int], text: String)] = [
    (5, 2, [0, 6, 1, 3], "061M"), (13, 1, [0, 6, 1, 6], "0610"),
    (3, 5, [0, 1, 1, 2, 1, 3, 1, 4, 2], "011101011"), (32, 32, [0, 1024], "0PP1"),
  ]

  @Test(arguments: vectors.indices)
  func writesTheStringsOfTheCOCOTools(index: Int) throws {
    let (width, height, counts, text) = Self.vectors[index]
    let runs = try RunLengthMask(width: width, height: height, counts: counts)
    #expect(runs.cocoCounts == text)
    #expect(try RunLengthMask(width: width, height: height, cocoCounts: text) == runs)
  }

  @Test func runsFollowColumns() throws {
    var mask = BinaryMask(width: 3, height: 2)
    mask[0, 1] = true
    mask[1, 0] = true
    mask[2, 1] = true
    let runs = RunLengthMask(mask)
    #expect(runs.counts == [1, 2, 2, 1])
    #expect(runs.area == 3)
    #expect(runs.mask == mask)
    mask[0, 0] = true
    #expect(RunLengthMask(mask).counts == [0, 3, 2, 1])
    #expect(RunLengthMask(BinaryMask(width: 3, height: 2)).counts == [6])
  }

  @Test func masksComeBackFromTheirRuns() throws {
    var random = SeededRandom(seed: 11)
    for _ in 0..<40 {
      let width = Int.random(in: 1...20, using: &random)
      let height = Int.random(in: 1...9, using: &random)
      let share = Double.random(in: 0...1, using: &random)
      let bits = (0..<width * height).map { _ in Double.random(in: 0..<1, using: &random) < share }
      let mask = BinaryMask(width: width, height: height, bits: bits)
      let runs = RunLengthMask(mask)
      #expect(runs.mask == mask)
      #expect(runs.area == mask.area)
      #expect(runs.boundingBox == mask.boundingBox)
      #expect(try RunLengthMask(width: width, height: height, cocoCounts: runs.cocoCounts) == runs)
    }
  }

  @Test func placesPartsInPictures() {
    var random = SeededRandom(seed: 12)
    for _ in 0..<40 {
      let (width, height) = (Int.random(in: 1...9, using: &random), 5)
      let bits = (0..<width * height).map { _ in Bool.random(using: &random) }
      let part = BinaryMask(width: width, height: height, bits: bits)
      let left = Int.random(in: 0...2, using: &random)
      let top = Int.random(in: 0...2, using: &random)
      var whole = BinaryMask(width: 11, height: 7)
      for y in 0..<height {
        for x in 0..<width { whole[left + x, top + y] = part[x, y] }
      }
      let runs = RunLengthMask(part, left: left, top: top, width: 11, height: 7)
      #expect(runs == RunLengthMask(whole) && runs.mask == whole)
    }
  }

  @Test func placesAPartInAPicture() {
    let part = BinaryMask(width: 2, height: 2, bits: [true, true, false, true])
    var whole = BinaryMask(width: 5, height: 4)
    whole[2, 1] = true
    whole[3, 1] = true
    whole[3, 2] = true
    #expect(RunLengthMask(part, left: 2, top: 1, width: 5, height: 4) == RunLengthMask(whole))
  }

  @Test(arguments: [[1, 2], [7], [3, -1, 4], [Int.max, Int.max, 8], []])
  func refusesRunsThatDoNotFit(counts: [Int]) {
    #expect(throws: failure("rle.counts")) {
      try RunLengthMask(width: 3, height: 2, counts: counts)
    }
  }

  @Test(arguments: ["0 1", "P", "PPPPPPPPPPPPPPP0", "é"])
  func refusesInvalidCodes(text: String) {
    #expect(throws: failure("rle.text")) {
      try RunLengthMask(width: 3, height: 2, cocoCounts: text)
    }
  }
}

@Suite struct MaskRegionTests {
  private static func mask(_ rows: [String]) -> BinaryMask {
    BinaryMask(
      width: rows[0].count, height: rows.count, bits: rows.flatMap { $0.map { $0 == "#" } })
  }

  @Test func removesHolesAndIslandsBelowTheLimit() {
    let drawn = Self.mask(["####..#", "#.##...", "####...", "......#", ".....#."])
    let cleaned = Self.mask(["####...", "####...", "####...", ".......", "......."])
    #expect(drawn.removingSmallRegions(minimumArea: 3) == cleaned)
    // The hole of one pixel and the islands of one and of two (joined over a corner).
    let kept = Self.mask(["####...", "####...", "####...", "......#", ".....#."])
    #expect(drawn.removingSmallRegions(minimumArea: 2) == kept)
    #expect(drawn.removingSmallRegions(minimumArea: 1) == nil)
  }

  @Test func keepsTheLargestOfSmallIslands() {
    let drawn = Self.mask(["#..##", ".....", "#...."])
    #expect(drawn.removingSmallRegions(minimumArea: 9) == Self.mask(["...##", ".....", "....."]))
  }

  @Test func emptyMasksStayAsTheyAre() {
    #expect(BinaryMask(width: 4, height: 3).removingSmallRegions(minimumArea: 5) == nil)
  }
}
