internal import Graph

// Nodes that run as one step.

extension Planner {
  mutating func findImageChains() {
    for index in graph.nodes.indices where running[index] && !absorbed.contains(index) {
      let found = ImageChainPattern.find(graph, start: index) { value in
        users[value.index].count == 1 && !isOutput[value.index] ? users[value.index][0] : nil
      }
      guard let found, imageChains[found.end] == nil else { continue }
      imageChains[found.end] = found
      absorbed.formUnion(found.absorbed)
    }
  }

  /// Joins pairs of row chains with the attention between them.
  mutating func findWindowChains() {
    let finder = WindowChainFinder(graph: graph, users: users, isOutput: isOutput)
    for end in chains.keys.sorted() {
      guard let found = chains[end].flatMap({ finder.find($0, heads: chains) }) else { continue }
      windowChains[end] = found
      absorbed.formUnion(found.absorbed)
      (chains[end], chains[found.head.end]) = (nil, nil)
    }
  }

  /// Lets attention make its keys where nothing else needs them.
  mutating func findKeyChains() {
    let finder = KeyChainFinder(graph: graph, users: users, isOutput: isOutput)
    for index in graph.nodes.indices where running[index] && !absorbed.contains(index) {
      guard let found = finder.find(index, chains: chains) else { continue }
      keyChains[index] = found
      absorbed.insert(found.chain.end)
      chains[found.chain.end] = nil
    }
    for (source, readers) in Dictionary(grouping: keyChains, by: \.value.chain.source) {
      guard let sum = finder.sum(source, readers: readers.count), running[sum.node] else {
        continue
      }
      absorbed.insert(sum.node)
      for (index, _) in readers { keyChains[index]?.sum = sum }
    }
  }

  /// Lets axial attention add the codes of its tokens, where nothing else needs the sums.
  mutating func findTokenSums() {
    let finder = KeyChainFinder(graph: graph, users: users, isOutput: isOutput)
    let attentions = graph.nodes.indices.filter { index in
      if case .axialAttention = graph.nodes[index].op { running[index] } else { false }
    }
    for (tokens, readers) in Dictionary(grouping: attentions, by: { graph.nodes[$0].operands[1] }) {
      guard let sum = finder.sum(tokens, readers: readers.count), running[sum.node],
        absorbed.insert(sum.node).inserted
      else { continue }
      for index in readers { tokenSums[index] = sum }
    }
  }
}
