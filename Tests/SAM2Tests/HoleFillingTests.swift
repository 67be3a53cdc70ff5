import Tensors
import Testing

@testable import SAM2

/// Drawn at random: # is inside, o a hole of at most 3 pixels, other pixels are outside.
///
/// The holes were found by `scipy.ndimage.label` with a 3 x 3 structure. With edges alone joining
/// pixels there would be 14 such pixels instead of 9.
private let picture = [
  "oo##....#oo#o###",
  "o##..##.####o##o",
  "###..##.#######o",
  "##..#######..###",
  "#.########....##",
  "..#######....###",
  "....####..######",
  "....#########...",
  ".......##..###..",
  "#......#..###.##",
  "...##...##.##.##",
  ".####..###..####",
]

@Suite struct HoleFillingTests {
  private static let logits = Tensor(
    picture.flatMap { $0.map { $0 == "#" ? Float(2) : -3 } }, shape: [12, 16])

  @Test func fillsHolesOfAtMostTheLimit() {
    let filled = HoleFilling.fill(Self.logits, maximumArea: 3).floats()
    let expected: [Float] = picture.flatMap {
      $0.map { $0 == "#" ? 2 : $0 == "o" ? HoleFilling.filledLogit : -3 }
    }
    #expect(filled == expected)
  }

  @Test func logitsOfZeroAreOutside() {
    let filled = HoleFilling.fill(
      Tensor([5, 5, 5, 5, 0, 5] as [Float], shape: [2, 3]), maximumArea: 1)
    #expect(filled.floats() == [5, 5, 5, 5, 0.1, 5])
  }

  @Test func zeroSwitchesItOff() {
    #expect(HoleFilling.fill(Self.logits, maximumArea: 0).floats() == Self.logits.floats())
  }
}
