internal import Graph

extension Planner {
  /// Positions of the nodes that have a step, or are views, in the order in which they run.
  ///
  /// Graph order, except that steps which shrink a value they alone still read run as early as
  /// possible. The first stages of an encoder leave its largest maps, and a feature pyramid would
  /// keep all of them until the last.
  func order() -> [Int] {
    var schedule = Schedule()
    let nodes = graph.nodes.indices.filter {
      uses.isRunning[$0] && !fused.absorbed.contains($0)
    }
    for node in nodes {
      let reads = computedReads(node)
      schedule.reads[node] = reads
      for value in reads { schedule.readers[value.index, default: []].append(node) }
    }
    for (value, readers) in schedule.readers { schedule.pending[value] = readers.count }
    for node in nodes where !schedule.done.contains(node) { run(node, &schedule) }
    return schedule.order
  }

  private struct Schedule {
    /// Computed values that each node reads.
    var reads: [Int: [ValueID]] = [:]
    /// Nodes that read each value, and how many of them have not run.
    var readers: [Int: [Int]] = [:]
    var pending: [Int: Int] = [:]
    var order: [Int] = []
    var done: Set<Int> = []

    mutating func run(_ node: Int) {
      order.append(node)
      done.insert(node)
      for value in reads[node] ?? [] { pending[value.index, default: 0] -= 1 }
    }

    /// The only reader of `value` that has not run.
    func lastReader(of value: ValueID) -> Int? {
      guard pending[value.index] == 1 else { return nil }
      return readers[value.index]?.first { !done.contains($0) }
    }
  }

  /// Runs `node`, then the last readers of its operands that shrink them, depth first.
  private func run(_ node: Int, _ schedule: inout Schedule) {
    schedule.run(node)
    var stack = [(node: node, next: 0)]
    while let (node, next) = stack.last {
      guard let reads = schedule.reads[node], next < reads.count else {
        stack.removeLast()
        continue
      }
      stack[stack.count - 1].next += 1
      let value = reads[next]
      guard !uses.isKept(value), let reader = schedule.lastReader(of: value),
        byteCount(graph.nodes[reader].result) < byteCount(value),
        (schedule.reads[reader] ?? []).allSatisfy({ isComputed($0, schedule) })
      else { continue }
      schedule.run(reader)
      stack.append((reader, 0))
    }
  }

  private func isComputed(_ value: ValueID, _ schedule: Schedule) -> Bool {
    guard case .node(let producer) = graph[value].definition else { return true }
    return schedule.done.contains(producer)
  }

  private func byteCount(_ value: ValueID) -> Int { sizes(value).reduce(4, *) }

  /// Computed values that a node reads, itself or through the nodes absorbed into its step.
  private func computedReads(_ node: Int) -> [ValueID] {
    var found: [ValueID] = []
    var seen: Set<Int> = []
    var pending = graph.nodes[node].operands.reversed() as [ValueID]
    while let value = pending.popLast() {
      guard seen.insert(value.index).inserted, let producer = uses.producer(of: value) else {
        continue
      }
      if fused.absorbed.contains(producer) {
        pending.append(contentsOf: graph.nodes[producer].operands.reversed())
      } else {
        found.append(value)
      }
    }
    return found
  }
}
