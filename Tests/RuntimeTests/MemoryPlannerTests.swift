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

  @Test func deadMemoryIsReused() {
    var planner = MemoryPlanner()
    for step in 0..<10 {
      let id = planner.request(byteCount: 6400, firstStep: step)
      planner.extend(id, to: step + 1)
    }
    #expect(planner.place().byteCount == 2 * 6400)
  }
}
