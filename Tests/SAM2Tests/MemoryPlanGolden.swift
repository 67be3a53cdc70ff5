/// A frame, what is known before it, and what `_prepare_memory_conditioned_features` of the official
/// code then concatenates: recorded by putting a listener in place of its memory attention.
struct MemoryPlanCase: Sendable {
  var frame: Int
  var frameCount: Int
  var isReverse: Bool
  var conditioning: [Int]
  var recent: [Int]
  var memoryCount: Int
  var stride: Int
  var conditioningLimit: Int
  var pointerLimit: Int
  var isSigned: Bool
  var onlyPast: Bool
  /// Pairs of frame and row of the temporal codes.
  var memories: [[Int]]
  /// Pairs of frame and distance.
  var pointers: [[Int]]
}

private typealias Case = MemoryPlanCase

let memoryPlanGolden: [MemoryPlanCase] = [
  Case(
    frame: 1, frameCount: 20, isReverse: false,
    conditioning: [0],
    recent: [],
    memoryCount: 7, stride: 1, conditioningLimit: -1,
    pointerLimit: 16, isSigned: true, onlyPast: true,
    memories: [[0, 6]],
    pointers: [[0, 1]]),
  Case(
    frame: 9, frameCount: 20, isReverse: false,
    conditioning: [0],
    recent: [1, 2, 3, 4, 5, 6, 7, 8],
    memoryCount: 7, stride: 1, conditioningLimit: -1,
    pointerLimit: 16, isSigned: true, onlyPast: true,
    memories: [[0, 6], [3, 5], [4, 4], [5, 3], [6, 2], [7, 1], [8, 0]],
    pointers: [[0, 9], [8, 1], [7, 2], [6, 3], [5, 4], [4, 5], [3, 6], [2, 7], [1, 8]]),
  Case(
    frame: 18, frameCount: 40, isReverse: false,
    conditioning: [0, 12, 25],
    recent: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16, 17],
    memoryCount: 7, stride: 1, conditioningLimit: 2,
    pointerLimit: 16, isSigned: true, onlyPast: true,
    memories: [[12, 6], [25, 6], [13, 4], [14, 3], [15, 2], [16, 1], [17, 0]],
    pointers: [
      [12, 6], [17, 1], [16, 2], [15, 3], [14, 4], [13, 5], [11, 7], [10, 8], [9, 9], [8, 10],
      [7, 11], [6, 12], [5, 13], [4, 14], [3, 15],
    ]),
  Case(
    frame: 18, frameCount: 40, isReverse: false,
    conditioning: [12, 0, 25, 17, 15],
    recent: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 16],
    memoryCount: 7, stride: 1, conditioningLimit: 2,
    pointerLimit: 16, isSigned: true, onlyPast: false,
    memories: [[17, 6], [25, 6], [12, 5], [13, 4], [14, 3], [15, 2], [16, 1]],
    pointers: [
      [17, 1], [25, -7], [16, 2], [15, 3], [14, 4], [13, 5], [12, 6], [11, 7], [10, 8], [9, 9],
      [8, 10], [7, 11], [6, 12], [5, 13], [4, 14], [3, 15],
    ]),
  Case(
    frame: 23, frameCount: 40, isReverse: false,
    conditioning: [0],
    recent: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22],
    memoryCount: 7, stride: 5, conditioningLimit: -1,
    pointerLimit: 8, isSigned: false, onlyPast: true,
    memories: [[0, 6], [5, 4], [10, 3], [15, 2], [20, 1], [22, 0]],
    pointers: [[0, 23], [22, 1], [21, 2], [20, 3], [19, 4], [18, 5], [17, 6], [16, 7]]),
  Case(
    frame: 22, frameCount: 40, isReverse: false,
    conditioning: [3, 30],
    recent: [1, 2, 5, 10, 15, 20, 21],
    memoryCount: 4, stride: 3, conditioningLimit: -1,
    pointerLimit: 16, isSigned: true, onlyPast: false,
    memories: [[3, 3], [30, 3], [15, 2], [21, 0]],
    pointers: [[3, 19], [30, -8], [21, 1], [20, 2], [15, 7], [10, 12]]),
  Case(
    frame: 11, frameCount: 24, isReverse: true,
    conditioning: [20],
    recent: [12, 13, 14, 15, 16, 17, 18, 19],
    memoryCount: 7, stride: 1, conditioningLimit: -1,
    pointerLimit: 16, isSigned: true, onlyPast: true,
    memories: [[20, 6], [17, 5], [16, 4], [15, 3], [14, 2], [13, 1], [12, 0]],
    pointers: [
      [20, 9], [12, 1], [13, 2], [14, 3], [15, 4], [16, 5], [17, 6], [18, 7], [19, 8],
    ]),
  Case(
    frame: 4, frameCount: 22, isReverse: true,
    conditioning: [20, 0],
    recent: [5, 6, 8, 9, 10, 12, 15, 16, 18],
    memoryCount: 7, stride: 4, conditioningLimit: -1,
    pointerLimit: 16, isSigned: true, onlyPast: true,
    memories: [[20, 6], [0, 6], [16, 3], [12, 2], [8, 1], [5, 0]],
    pointers: [
      [20, 16], [5, 1], [6, 2], [8, 4], [9, 5], [10, 6], [12, 8], [15, 11], [16, 12], [18, 14],
    ]),
  Case(
    frame: 4, frameCount: 22, isReverse: true,
    conditioning: [20, 0],
    recent: [5, 6, 8, 9, 10, 12, 15, 16, 18],
    memoryCount: 6, stride: 3, conditioningLimit: -1,
    pointerLimit: 5, isSigned: true, onlyPast: false,
    memories: [[20, 5], [0, 5], [15, 4], [12, 3], [9, 2], [6, 1], [5, 0]],
    pointers: [[20, 16], [0, -4], [5, 1], [6, 2], [8, 4]]),
  Case(
    frame: 2, frameCount: 4, isReverse: false,
    conditioning: [0],
    recent: [1],
    memoryCount: 7, stride: 1, conditioningLimit: -1,
    pointerLimit: 16, isSigned: true, onlyPast: true,
    memories: [[0, 6], [1, 0]],
    pointers: [[0, 2], [1, 1]]),
  Case(
    frame: 0, frameCount: 4, isReverse: false,
    conditioning: [3],
    recent: [0, 1, 2],
    memoryCount: 7, stride: 2, conditioningLimit: -1,
    pointerLimit: 16, isSigned: true, onlyPast: true,
    memories: [[3, 6]],
    pointers: []),
]
