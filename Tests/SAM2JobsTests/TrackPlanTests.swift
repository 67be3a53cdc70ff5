import Annotations
import Bytes
import SAM2
import TestSupport
import Testing

@testable import SAM2Jobs

@Suite("Plans of tracking")
struct TrackPlanTests {
  private func point(_ x: Float) -> Prompt.Point { Prompt.Point(x: x, y: 0, label: 1) }

  @Test("Prompts apply to the object and the frame that are set before them")
  func order() throws {
    var builder = TrackPlanBuilder()
    try builder.add(points: [point(1)])
    builder.object = 2
    builder.frame = 30
    try builder.add(box: Prompt.Box(x0: 0, y0: 0, x1: 9, y1: 9))
    try builder.add(points: [point(2), point(3)])
    builder.object = 1
    builder.frame = 0
    try builder.add(points: [point(4)])
    let actions = builder.plan.script.actions
    #expect(actions.count == 3)
    #expect(actions.compactMap(\.object) == [1, 2] && actions.compactMap(\.frame) == [0, 30])
    guard case .addPoints(_, _, let first, nil, true) = actions[0],
      case .addPoints(_, _, let second, .some, true) = actions[1],
      case .propagate(nil, nil, false) = actions[2]
    else {
      Issue.record("\(actions)")
      return
    }
    #expect(first.map(\.x) == [1, 4] && second.map(\.x) == [2, 3])
    #expect(builder.plan.script.marks[30]?.count == 3)
  }

  @Test("A first prompt in the middle is also tracked back to the start")
  func backwards() throws {
    var builder = TrackPlanBuilder()
    builder.frame = 5
    try builder.add(points: [point(1)])
    guard case .propagate(nil, nil, true) = builder.plan.script.actions.last else {
      Issue.record("\(builder.plan.script.actions)")
      return
    }
  }

  @Test("A second box of an object on a frame is refused")
  func boxes() throws {
    var builder = TrackPlanBuilder()
    let box = Prompt.Box(x0: 0, y0: 0, x1: 9, y1: 9)
    try builder.add(box: box)
    #expect(throws: failure("prompt.boxes")) { try builder.add(box: box) }
  }

  @Test("Numbers of objects have to fit the formats")
  func objects() throws {
    var builder = TrackPlanBuilder()
    builder.object = 256
    try builder.add(points: [point(1)])
    try builder.plan.checkObjects(for: [.png])
    #expect(throws: failure("labels.identifier")) {
      try builder.plan.checkObjects(for: [.png, .davis])
    }
  }
}
