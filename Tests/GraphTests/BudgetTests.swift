import Bytes
import Graph
import TestSupport
import Testing

/// Graphs that ask for more than any machine has are refused by their shapes alone.
struct BudgetTests {
  /// Nothing is allocated or computed: that would take much longer.
  @Test(.timeLimit(.minutes(1)), arguments: HostileGraph.all)
  func isRefusedWhenBound(_ hostile: HostileGraph) throws {
    let graph = try hostile.graph()
    try graph.verify()
    #expect(throws: failure(hostile.code)) { try hostile.bound() }
  }

  @Test func thereAreManyOfThem() {
    #expect(HostileGraph.all.count > 50)
    #expect(Set(HostileGraph.all.map(\.name)).count == HostileGraph.all.count)
  }

  /// The limit is exact, and can be raised.
  @Test func budgetsAreExact() throws {
    var builder = GraphBuilder("two")
    let x = builder.input("x", .float(100, 10))
    let weight = builder.weight("w", .float(20, 10))
    let wide = try builder.add(.linear(.init(hasBias: false)), [x, weight], label: "product")
    builder.output("y", try builder.add(.activation(.relu), [wide], label: "relu"))
    let graph = builder.graph
    var budget = GraphBudget()
    // 20,000 products and twice 2,000 results; the two of them are needed at the same time.
    (budget.work, budget.bytes, budget.elements) = (24_000, 16_000, 2_000)
    _ = try graph.bound(to: [:], within: budget)
    for (path, code) in [
      (\GraphBudget.work, "graph.work"), (\.bytes, "graph.memory"), (\.elements, "graph.memory"),
    ] {
      var smaller = budget
      smaller[keyPath: path] -= 1
      #expect(throws: failure(code)) { try graph.bound(to: [:], within: smaller) }
    }
  }

  /// Every limit grows by the factor, none beyond the largest number; a refusal names the option.
  @Test func budgetsAreScaled() throws {
    var builder = GraphBuilder("large")
    let x = builder.input("x", .float(1_048_576, 8192))
    builder.output("y", try builder.add(.activation(.relu), [x], label: "relu"))
    let graph = builder.graph
    let refusal = #expect(throws: Failure.self) { try graph.bound(to: [:]) }
    #expect(refusal?.code == "graph.memory")
    #expect(refusal?.hint?.contains("--graph-budget") == true)
    _ = try graph.bound(to: [:], within: GraphBudget.standard.scaled(by: 4))
    #expect(GraphBudget.standard.scaled(by: 0) == .standard)
    #expect(GraphBudget.standard.scaled(by: .max) == .unlimited)
  }

  /// Weights as floats are not constants beyond the weights.
  @Test func constantsAreCountedApart() throws {
    var builder = GraphBuilder("constants")
    let table = try builder.add(.fill(1, [10, 10]), [], label: "fill")
    builder.output("y", try builder.add(.activation(.gelu), [table], label: "gelu"))
    let graph = builder.graph
    var budget = GraphBudget()
    (budget.constantBytes, budget.constantWork, budget.bytes, budget.work) = (800, 200, 0, 0)
    _ = try graph.bound(to: [:], within: budget)
    budget.constantBytes = 799
    #expect(throws: failure("graph.memory")) { try graph.bound(to: [:], within: budget) }
    (budget.constantBytes, budget.constantWork) = (800, 199)
    #expect(throws: failure("graph.work")) { try graph.bound(to: [:], within: budget) }
  }

  /// Symbols in payloads make no constant, whatever the shapes.
  @Test func symbolsAreNotConstant() throws {
    let n = Dim(Symbol("n"))
    var builder = GraphBuilder("symbols")
    _ = builder.input("x", .float(n))
    let table = try builder.add(.fill(1, [4, 6, 2]), [], label: "fill")
    let angles = try builder.add(.fill(1, [3, 1]), [], label: "angles")
    let part = try builder.add(.slice(axis: 0, start: n, count: 1), [table], label: "slice")
    let rotated = try builder.add(
      .rotatePairs(rotated: n), [table, angles, angles], label: "rotate")
    let sum = try builder.add(.add, [table, rotated], label: "sum")
    builder.output("part", part)
    builder.output("sum", sum)
    #expect(builder.graph.constantNodes == [true, true, false, false, false])
  }

  /// The convolution of `Op.multiplyAccumulates`, by counting.
  @Test(arguments: [
    (
      Op.conv2d(.init(kernel: 3, padding: 1)), [[2, 5, 4, 6], [7, 6, 3, 3], [7]], 2 * 20 * 7 * 54
    ),
    (
      Op.conv2d(.init(kernel: 3, padding: 1, groups: 6)), [[2, 5, 4, 6], [6, 1, 3, 3], [6]],
      2 * 20 * 54
    ),
    (Op.convTranspose2d(stride: 2), [[1, 3, 3, 4], [4, 5, 2, 2], [5]], 9 * 4 * 20),
    (Op.matmulTransposed, [[2, 3, 4], [2, 5, 4]], 120),
    (Op.attention(heads: 2, scale: 1), [[2, 3, 8], [2, 5, 8], [2, 5, 6]], 2 * 3 * 5 * 14),
    (Op.linear(.init(hasBias: false)), [[0, 5], [4, 5]], 0),
    (Op.activation(.gelu), [[9]], 0),
  ])
  func productsAreCounted(_ op: Op, _ shapes: [[Int]], _ expected: Int) throws {
    let types = shapes.map { TensorType(.float, $0.map { Dim(constant: $0) }) }
    let result = try op.resultType(types).shape.compactMap(\.fixed)
    #expect(op.multiplyAccumulates(shapes, result: result) == expected)
  }
}
