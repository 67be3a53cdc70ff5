import Media
import Tensors
import Testing

@testable import SAM2

@Suite struct MaskPlaneTests {
  @Test func overlapsGoToTheHighestLogit() {
    var planes: [[Float]] = [[1, -2, 3, -50], [2, -1, 3, -40], [0, -3, 1, -60]]
    MaskPlane.removeOverlaps(&planes)
    #expect(planes == [[-10, -10, 3, -50], [2, -1, -10, -40], [-10, -10, -10, -60]])
  }

  @Test func aSingleObjectKeepsItsLogits() {
    var planes: [[Float]] = [[1, -2]]
    MaskPlane.removeOverlaps(&planes)
    #expect(planes == [[1, -2]])
  }

  /// Columns 0...3 of 6 become columns 0...7 of 12: the edge falls between cells.
  @Test func givenMasksAreResizedAndCut() {
    let mask = BinaryMask(width: 6, height: 3, bits: (0..<18).map { $0 % 6 < 4 })
    let resized = MaskPlane.modelMask(mask, imageSize: 12)
    #expect(resized.shape == [1, 12, 12, 1])
    #expect(resized.floats() == (0..<144).map { $0 % 12 < 8 ? 1 : 0 })
  }

  @Test func promptsAreClamped() {
    let clamped = MaskPlane.clamped(Tensor([-1024, -32, 0.5, 33] as [Float], shape: [2, 2]))
    #expect(clamped.floats() == [-32, -32, 0.5, 32])
  }
}
