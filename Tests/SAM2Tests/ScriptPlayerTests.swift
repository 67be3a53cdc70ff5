import Bytes
import JSON
import Media
import TestSupport
import Testing

@testable import SAM2

@Suite struct ScriptPlayerTests {
  private static let click = [Prompt.Point(x: 10, y: 5)]
  private static let script = InteractionScript([
    .addPoints(frame: 2, object: 1, points: click, box: nil, clearOldPoints: true),
    .propagate(start: nil, maxFrames: 3, isReverse: false),
    .addMask(frame: 6, object: 2, file: "mask"),
    .propagate(start: 6, maxFrames: 2, isReverse: false),
    .removeObject(2),
    .propagate(start: 2, maxFrames: nil, isReverse: true),
  ])

  private func predictor(frames: Int = 12) throws -> VideoPredictor {
    let graphs = FakeGraphs()
    let model = try SegmentationModel(graphs, configuration: graphs.configuration)
    let pictures = (0..<frames).map { frame in
      let level = UInt8(frame + 1)
      return RGBImage(width: 40, height: 20, filledWith: RGBColour(level, level, level))
    }
    return try VideoPredictor(model, frames: FrameList(pictures))
  }

  private static func mask(_ name: String) -> BinaryMask {
    BinaryMask(width: 40, height: 20, bits: (0..<800).map { $0 % 40 < 20 })
  }

  /// Action, frame and objects of each event.
  private func summary(_ event: ScriptPlayer.Event) -> [Int] {
    switch event {
    case .edited(let result, let action): [action, result.frame] + result.objects.map(\.id)
    case .tracked(let result, _, let action): [action, result.frame] + result.objects.map(\.id)
    }
  }

  private func rest(_ player: ScriptPlayer) throws -> [[Int]] {
    var events: [[Int]] = []
    while let event = try player.next() { events.append(summary(event)) }
    return events
  }

  @Test func playsActionsInOrder() throws {
    let player = ScriptPlayer(Self.script, on: try predictor(), loadMask: Self.mask)
    let expected = [
      [0, 2, 1], [1, 2, 1], [1, 3, 1], [1, 4, 1], [1, 5, 1], [2, 6, 1, 2], [3, 6, 1, 2],
      [3, 7, 1, 2], [3, 8, 1, 2], [4, 6, 1], [5, 2, 1], [5, 1, 1], [5, 0, 1],
    ]
    #expect(try rest(player) == expected)
    #expect(player.action == Self.script.actions.count)
    let end = try player.next()
    #expect(end.map(summary) == nil)
  }

  @Test func resumesFromEveryPlace() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/state"
      let whole = try rest(ScriptPlayer(Self.script, on: predictor(), loadMask: Self.mask))
      for count in 0...whole.count {
        let first = ScriptPlayer(Self.script, on: try predictor(), loadMask: Self.mask)
        for _ in 0..<count { _ = try first.next() }
        try first.saveState(to: path, notes: [UInt8](repeating: 7, count: count))
        let second = try ScriptPlayer(
          Self.script, on: predictor(), resuming: path, loadMask: Self.mask)
        #expect(second.notes == [UInt8](repeating: 7, count: count))
        #expect(try rest(second) == Array(whole[count...]), "after \(count)")
        // The state at the end is the same as well.
        try second.saveState(to: folder + "/resumed")
        _ = try rest(first)
        try first.saveState(to: folder + "/straight")
        #expect(fileBytes(folder + "/resumed") == fileBytes(folder + "/straight"))
      }
    }
  }

  // MARK: - Searches

  private static let searching = InteractionScript([
    .detect(.init(texts: ["thing"])), .propagate(start: nil, maxFrames: 2, isReverse: false),
    .detect(.init(texts: ["thing"])), .propagate(start: 4, maxFrames: 3, isReverse: false),
  ])
  private static let searchingEvents = [
    [0, 2, 1], [1, 2, 1], [1, 3, 1], [1, 4, 1], [2, 4, 1, 2], [3, 4, 1, 2], [3, 5, 1, 2],
    [3, 6, 1, 2], [3, 7, 1, 2],
  ]

  /// Finds one more object each time: first on frame 2, then on the frame that was reached.
  private static let searcher:
    @Sendable (
      InteractionScript.Search, VideoPredictor, Int?
    ) -> [InteractionScript.Action] = { search, predictor, reached in
      [
        .addPoints(
          frame: search.frame ?? reached ?? 2, object: predictor.objectIDs.count + 1, points: click,
          box: nil, clearOldPoints: true)
      ]
    }

  @Test func searchesBecomeAnnotations() throws {
    let player = ScriptPlayer(Self.searching, on: try predictor(), loadMask: Self.mask)
    player.searcher = Self.searcher
    #expect(try rest(player) == Self.searchingEvents)
    #expect(player.script.searches.isEmpty && player.script.actions.count == 4)
    #expect(player.reachedFrame == 7)
  }

  @Test func searchesAreResumedFromEveryPlace() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/state"
      for count in 0...Self.searchingEvents.count {
        let first = ScriptPlayer(Self.searching, on: try predictor(), loadMask: Self.mask)
        first.searcher = Self.searcher
        for _ in 0..<count { _ = try first.next() }
        let growth = ScriptPlayer.Growth(script: first.script, reachedFrame: first.reachedFrame)
        try first.saveState(to: path, notes: [9])
        let second = try ScriptPlayer(
          Self.searching, on: predictor(), resuming: path,
          growth: { notes throws(Failure) in notes == [9] ? growth : nil }, loadMask: Self.mask)
        second.searcher = Self.searcher
        #expect(try rest(second) == Array(Self.searchingEvents[count...]), "after \(count)")
      }
    }
  }

  @Test func searchesMayFindNothing() throws {
    let player = ScriptPlayer(Self.searching, on: try predictor(), loadMask: Self.mask)
    player.searcher = { _, _, _ in [] }
    #expect(try rest(player).isEmpty)
    let without = ScriptPlayer(Self.searching, on: try predictor(), loadMask: Self.mask)
    #expect(throws: failure("detector.none")) { try without.next() }
  }

  @Test func refusesStatesOfOtherScripts() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/state"
      let player = ScriptPlayer(Self.script, on: try predictor(), loadMask: Self.mask)
      _ = try player.next()
      try player.saveState(to: path)
      let other = InteractionScript(Array(Self.script.actions.dropLast()))
      let video = try predictor()
      #expect(throws: failure("state.script")) {
        try ScriptPlayer(other, on: video, resuming: path, loadMask: Self.mask)
      }
      #expect(video.objectIDs.isEmpty)
      // A state of no script at all; and one of a script for a program without it.
      #expect(try video.restoreState(from: path)?.frames == nil)
      #expect(video.objectIDs == [1])
      try video.saveState(to: path)
      #expect(throws: failure("state.script")) {
        try ScriptPlayer(Self.script, on: video, resuming: path, loadMask: Self.mask)
      }
    }
  }

  @Test func failuresNameTheActionAndCanBeTriedAgain() throws {
    struct Flaky: Error {}
    var isBroken = true
    let player = ScriptPlayer(Self.script, on: try predictor()) { name in
      if isBroken { throw Flaky() }
      return Self.mask(name)
    }
    for _ in 0..<5 { _ = try player.next() }
    #expect(throws: Flaky.self) { try player.next() }
    isBroken = false
    #expect(try rest(player).count == 8)

    let wrong = InteractionScript([.removeObject(4)])
    do {
      _ = try ScriptPlayer(wrong, on: predictor(), loadMask: Self.mask).next()
      Issue.record("removed an object that there is not")
    } catch let failure as Failure {
      #expect(failure.code == "track.object" && failure.place == "actions[0]")
    }
  }

  @Test func scriptsSurviveJSON() throws {
    let script = InteractionScript(
      Self.script.actions + [
        .addPoints(
          frame: 0, object: -1, points: [.init(x: 1.5, y: 0.1, label: 0)],
          box: .init(x0: 0, y0: 1, x1: 2, y1: 3.25), clearOldPoints: false),
        .clearFrame(frame: 1, object: 2), .reset,
      ])
    #expect(try InteractionScript(json: script.json) == script)
    #expect(try InteractionScript(parsing: Array(script.json.text().utf8)) == script)
  }

  /// Cancels in the middle of each propagation, and continues with the same predictor.
  @Test func cancellingLeavesValidState() async throws {
    let (whole, parts) = try await Task {
      let whole = try rest(ScriptPlayer(Self.script, on: predictor(), loadMask: Self.mask))
      let video = try predictor()
      try video.addPoints(frame: 0, object: 1, points: Self.click)
      withUnsafeCurrentTask { $0?.cancel() }
      #expect(throws: CancellationError.self) { try video.propagate { _, _ in true } }
      return (whole, video.objectIDs)
    }.value
    #expect(whole.count == 13 && parts == [1])

    let player = ScriptPlayer(Self.script, on: try predictor(), loadMask: Self.mask)
    let box = PlayerBox(player: player)
    var events: [[Int]] = []
    for _ in 0..<20 {
      // Each task plays until it has tracked two frames, then finds itself cancelled.
      let more = try await Task { () throws -> [[Int]] in
        var events: [[Int]] = []
        do {
          while let event = try box.player.next() {
            events.append(summary(event))
            if events.count == 2 { withUnsafeCurrentTask { $0?.cancel() } }
          }
        } catch is CancellationError {}
        return events
      }.value
      events += more
      if more.isEmpty { break }
    }
    #expect(events == whole)
  }

  /// Hands a player from task to task, one at a time.
  private final class PlayerBox: @unchecked Sendable {
    let player: ScriptPlayer
    init(player: ScriptPlayer) { self.player = player }
  }
}
