/// Places buffers with lifetimes into one arena.
///
/// Greedy by size: the largest buffer first, each at the lowest offset where it overlaps no placed
/// buffer that lives at the same time (Pisarchyk and Lee, "Efficient Memory Management for Deep
/// Neural Net Inference", 2020).
package struct MemoryPlanner {
  private struct Request {
    let id: Int
    let byteCount: Int
    let firstStep: Int
    var lastStep: Int
  }

  private var requests: [Request] = []
  /// Buffers that live on in an earlier one, by identifier.
  private var earlier: [Int: Int] = [:]

  package init() {}

  /// Asks for memory from `firstStep` on; `extend` moves the end.
  ///
  /// Returns an identifier.
  package mutating func request(byteCount: Int, firstStep: Int) -> Int {
    requests.append(
      Request(
        id: requests.count, byteCount: aligned(byteCount), firstStep: firstStep,
        lastStep: firstStep))
    return requests.count - 1
  }

  /// The buffer is still read (or written) at `step`.
  package mutating func extend(_ id: Int, to step: Int) {
    requests[id].lastStep = max(requests[id].lastStep, step)
  }

  /// Lets `later` overwrite `former`, at the step that reads it last and computes `later` from it.
  ///
  /// Does nothing when `former` is read afterwards, or is of another size. Call in the order of the
  /// steps, when all lifetimes are known.
  package mutating func write(_ later: Int, over former: Int, at step: Int) {
    let first = root(former)
    guard first != later, earlier[later] == nil, requests[first].lastStep == step,
      requests[later].firstStep == step, requests[later].byteCount == requests[first].byteCount
    else { return }
    requests[first].lastStep = requests[later].lastStep
    earlier[later] = first
  }

  private func root(_ id: Int) -> Int {
    var id = id
    while let before = earlier[id] { id = before }
    return id
  }

  /// Offsets by identifier, and the size of the arena.
  package func place() -> (offsets: [Int], byteCount: Int) {
    var offsets = Array(repeating: 0, count: requests.count)
    var placed: [(request: Request, offset: Int)] = []
    var total = 0
    let order = requests.filter { earlier[$0.id] == nil }.sorted {
      $0.byteCount != $1.byteCount ? $0.byteCount > $1.byteCount : $0.id < $1.id
    }
    for request in order {
      var offset = 0
      for other in placed
      where other.request.firstStep <= request.lastStep
        && request.firstStep <= other.request.lastStep
      {
        // `placed` is kept sorted by offset: the first gap that is large enough wins.
        if offset + request.byteCount <= other.offset { break }
        offset = max(offset, other.offset + other.request.byteCount)
      }
      offsets[request.id] = offset
      total = max(total, offset + request.byteCount)
      let position = placed.firstIndex { $0.offset > offset } ?? placed.count
      placed.insert((request, offset), at: position)
    }
    for id in earlier.keys { offsets[id] = offsets[root(id)] }
    return (offsets, total)
  }
}
