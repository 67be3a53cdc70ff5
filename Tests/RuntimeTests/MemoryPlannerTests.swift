import Runtime
import TestSupport
import Testing

struct MemoryPlannerTests {
  @Test func livingBuffersNeverOverlap() {
    var random = SeededRandom(seed: 5)
    for _ in 0..<50 {
      var planner = MemoryPlanner()
      var lives: [(size: Int, first: Int, last: Int)] = []
      for step in 0..<40 {
        let size = Int.random(in: 1...5000, using: &random)
        let last = step + Int.random(in: 0...8, using: &random)
        let id = planner.request(byteCount: size, firstStep: step)
        planner.extend(id, to: last)
        lives.append((size, step, last))
      }
      let (offsets, total) = planner.place()
      for a in lives.indices {
        #expect(offsets[a] % 64 == 0 && offsets[a] + lives[a].size <= total)
        for b in 0..<a where lives[a].first <= lives[b].last && lives[b].first <= lives[a].last {
          let apart =
            offsets[a] + lives[a].size <= offsets[b] || offsets[b] + lives[b].size <= offsets[a]
          #expect(apart, "buffers \(a) and \(b) share memory while both live")
        }
      }
    }
  }

  @Test func buffersAreWrittenOverWhatIsReadLast() {
    var planner = MemoryPlanner()
    // Each is computed from the one before it, and replaces it, except the last, whose operand is
    // read again later.
    let ids = (0..<4).map { step in
      let id = planner.request(byteCount: 6400, firstStep: step)
      planner.extend(id, to: step + 1)
      return id
    }
    let other = planner.request(byteCount: 640, firstStep: 4)
    let last = planner.request(byteCount: 6400, firstStep: 4)
    planner.extend(ids[3], to: 5)
    planner.extend(last, to: 5)
    for step in 1..<4 { planner.write(ids[step], over: ids[step - 1], at: step) }
    // Of another size, and read later.
    planner.write(other, over: ids[3], at: 4)
    planner.write(last, over: ids[3], at: 4)
    let (offsets, byteCount) = planner.place()
    #expect(Set(ids.map { offsets[$0] }).count == 1)
    #expect(Set([offsets[ids[0]], offsets[other], offsets[last]]).count == 3)
    #expect(byteCount == 2 * 6400 + 640)
  }

  @Test func deadMemoryIsReused() {
    var planner = MemoryPlanner()
    for step in 0..<10 {
      let id = planner.request(byteCount: 6400, firstStep: step)
      planner.extend(id, to: step + 1)
    }
    #expect(planner.place().byteCount == 2 * 6400)
  }
}
