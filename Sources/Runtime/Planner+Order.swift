internal import Graph

extension Planner {
  /// Positions of the nodes that have a step, or are views, in the order in which they run.
  ///
  /// It is that of the graph, but for steps that make less of what nothing else will read: they run
  /// as soon as they can. The first stages of an encoder leave its largest maps, and a feature
  /// pyramid would keep all of them until the last.
  func order() -> [Int] {
    var schedule = Schedule()
    let nodes = graph.nodes.indices.filter { running[$0] && !absorbed.contains($0) }
    for node in nodes {
      let reads = computedReads(node)
      schedule.reads[node] = reads
      for value in reads { schedule.readers[value.index, default: []].append(node) }
    }
    for node in nodes where !schedule.done.contains(node) { run(node, &schedule) }
    return schedule.order
  }

  private struct Schedule {
    /// What each node reads that other nodes make, and who reads each value.
    var reads: [Int: [ValueID]] = [:]
    var readers: [Int: [Int]] = [:]
    var order: [Int] = []
    var done: Set<Int> = []
  }

  private func run(_ node: Int, _ schedule: inout Schedule) {
    schedule.order.append(node)
    schedule.done.insert(node)
    for value in schedule.reads[node] ?? [] where !isOutput[value.index] {
      let left = (schedule.readers[value.index] ?? []).filter { !schedule.done.contains($0) }
      guard left.count == 1, byteCount(graph.nodes[left[0]].result) < byteCount(value),
        (schedule.reads[left[0]] ?? []).allSatisfy({ isMade($0, schedule) })
      else { continue }
      run(left[0], &schedule)
    }
  }

  private func isMade(_ value: ValueID, _ schedule: Schedule) -> Bool {
    guard case .node(let maker) = graph[value].definition else { return true }
    return schedule.done.contains(maker)
  }

  private func byteCount(_ value: ValueID) -> Int { sizes(value).reduce(4, *) }

  /// What a node reads, with those that run as a part of it, of what others compute.
  private func computedReads(_ node: Int) -> [ValueID] {
    var found: [ValueID] = []
    for operand in graph.nodes[node].operands {
      guard case .node(let maker) = graph[operand].definition, running[maker] else { continue }
      let reads = absorbed.contains(maker) ? computedReads(maker) : [operand]
      for value in reads where !found.contains(value) { found.append(value) }
    }
    return found
  }
}
