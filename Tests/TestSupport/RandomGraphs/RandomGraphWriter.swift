import Bytes
import Graph
import Tensors

/// Writes a random graph; the parts that write operators are extensions.
struct RandomGraphWriter {
  var choices: Choices
  var builder = GraphBuilder(RandomGraph.name)
  var weights = WeightTable()
  var inputs: [String: Tensor] = [:]
  /// Sizes of the symbols, each of which is an axis of some input.
  var sizes: [Symbol: Int] = [:]
  /// Floats that operators may read.
  var values: [ValueID] = []
  /// Multiply-accumulates that are left: the reference is slow.
  var workLeft = 1_500_000
  private var outputCount = 0

  /// Maximum elements of a value.
  static let elementLimit = 12_000

  init(_ choices: Choices) { self.choices = choices }

  mutating func write(nodeLimit: Int) {
    addSymbols()
    repeat {
      // An operator that does not fit is left out; its operands stay.
      try? writeSomething()
    } while builder.graph.nodes.count < nodeLimit && !choices.isAtEnd && !choices.chance(8)
    if values.isEmpty { values.append(newInput([1])) }
    output(values[values.count - 1])
    for _ in 0..<choices.below(3) { output(choices.pick(values)) }
  }

  private mutating func writeSomething() throws(Failure) {
    if choices.chance(45) { try writePattern() } else { try writeOperator() }
  }

  /// Up to two symbols, each with an input of its own.
  private mutating func addSymbols() {
    for name in ["n", "two words"].prefix(choices.below(3)) {
      let symbol = Symbol(name)
      sizes[symbol] = size()
      values.append(newInput([Dim(symbol)]))
    }
  }

  // MARK: Nodes

  /// Adds a node unless it is too much for the reference; its result may be read from now on.
  @discardableResult
  mutating func add(_ op: Op, _ operands: [ValueID]) throws(Failure) -> ValueID {
    let types = operands.map { builder.type(of: $0) }
    let result = actual(try op.resultType(types).shape)
    guard result.allSatisfy({ $0 >= 0 && $0 <= Self.elementLimit }),
      result.reduce(1, *) <= Self.elementLimit,
      let work = op.multiplyAccumulates(types.map { actual($0.shape) }, result: result),
      work <= workLeft
    else { throw Failure(.badInput, code: "test.large", "too large for the reference") }
    workLeft -= work
    let value = try builder.add(op, operands, label: op.name)
    values.append(value)
    return value
  }

  /// Makes `value` an output; two outputs may be one value.
  mutating func output(_ value: ValueID) {
    builder.output("output \(outputCount)", value)
    outputCount += 1
  }

  // MARK: Sizes

  /// Sizes that are whole registers, one more, one less, very few, none, and many.
  mutating func size() -> Int {
    choices.pick([1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 48, 64, 0, 100, 130, 520])
  }

  /// The same but never none.
  mutating func positiveSize(atMost maximum: Int = 130) -> Int { min(max(1, size()), maximum) }

  /// Sizes of `rank` axes that fit into a value.
  mutating func sizes(rank: Int) -> [Int] {
    var result: [Int] = []
    for _ in 0..<rank {
      let room = Self.elementLimit / max(1, result.reduce(1, *))
      result.append(min(size(), max(1, room)))
    }
    return result
  }

  /// A size as it is, or by a symbol.
  mutating func dim(_ size: Int) -> Dim {
    let fitting = sizes.keys.sorted().filter { size >= (sizes[$0] ?? 0) }
    guard !fitting.isEmpty, choices.chance(30) else { return Dim(constant: size) }
    let symbol = choices.pick(fitting)
    return Dim(
      constant: size - (sizes[symbol] ?? 0), terms: [.init(symbol: symbol, coefficient: 1)])
  }

  mutating func dims(_ sizes: [Int]) -> [Dim] { sizes.map { dim($0) } }

  func actual(_ shape: [Dim]) -> [Int] { shape.map { $0.value(sizes) ?? -1 } }

  func shape(_ value: ValueID) -> [Dim] { builder.type(of: value).shape }

  func actual(_ value: ValueID) -> [Int] { actual(shape(value)) }
}
