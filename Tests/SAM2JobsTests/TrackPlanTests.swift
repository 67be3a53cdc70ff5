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

  @Test("A plan that visits each frame once, in order, is distinguished from others")
  func onePass() throws {
    func plan(_ frames: [Int], _ rest: [InteractionScript.Action]) -> TrackPlan {
      let prompts = frames.map { frame in
        InteractionScript.Action.addPoints(
          frame: frame, object: 1, points: [point(1)], box: nil, clearOldPoints: true)
      }
      return TrackPlan(script: InteractionScript(prompts + rest), masks: [:])
    }
    func run(_ start: Int? = nil, _ count: Int? = nil, _ isReverse: Bool = false)
      -> InteractionScript.Action
    { .propagate(start: start, maxFrames: count, isReverse: isReverse) }
    #expect(plan([0], [run()]).isOneForwardPass)
    #expect(plan([7, 0], [run()]).isOneForwardPass)
    #expect(plan([7], [run(0)]).isOneForwardPass)
    let others = [
      plan([7], [run()]), plan([0], [run(1)]), plan([0], [run(0, 3)]),
      plan([0], [run(0, nil, true)]),
      plan([0], [run(), run()]), plan([0], [.removeObject(1), run()]), plan([0], []), plan([], []),
    ]
    for (index, other) in others.enumerated() { #expect(!other.isOneForwardPass, "\(index)") }
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
