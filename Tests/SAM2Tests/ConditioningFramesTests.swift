import Testing

@testable import SAM2

/// Answers of `select_closest_cond_frames` of the official code to random questions:
/// frame, annotated frames in order of insertion, limit, selected, unselected.
private let golden: [(Int, [Int], Int, [Int], [Int])] = [
  (1, [4, 12, 20], -1, [4, 12, 20], []),
  (1, [17, 3, 11, 18, 1, 16, 6], -1, [17, 3, 11, 18, 1, 16, 6], []),
  (13, [13, 2, 7, 17], -1, [13, 2, 7, 17], []),
  (18, [18, 3, 7, 20, 26, 29, 1], 4, [7, 18, 20, 26], [3, 29, 1]),
  (1, [7], 2, [7], []),
  (3, [13, 4, 17], 3, [13, 4, 17], []),
  (18, [26, 21, 5, 3, 18], 2, [5, 18], [26, 21, 3]),
  (2, [3, 17, 22], -1, [3, 17, 22], []),
  (24, [6, 15, 21, 17, 13], 3, [21, 17, 15], [6, 13]),
  (9, [18, 29, 14, 11], 2, [11, 14], [18, 29]),
  (16, [5, 22, 24, 7, 2, 18, 9], 4, [9, 18, 22, 24], [5, 7, 2]),
  (19, [23, 14, 9], -1, [23, 14, 9], []),
  (13, [16], 2, [16], []),
  (24, [10, 4, 15, 13, 1, 21, 2], 3, [21, 15, 13], [10, 4, 1, 2]),
  (10, [8, 12, 6, 14, 10], 2, [8, 10], [12, 6, 14]),
  (10, [14, 6, 8, 12], 3, [8, 12, 14], [6]),
]

@Suite struct ConditioningFramesTests {
  @Test(arguments: golden.indices)
  func choosesAsTheOfficialCode(row: Int) {
    let (frame, frames, limit, selected, unselected) = golden[row]
    let answer = ConditioningFrames.closest(to: frame, among: frames, limit: limit)
    #expect(answer.selected == selected)
    #expect(answer.unselected == unselected)
  }
}
