import Bytes
import Graph
import Tensors

// Where operands come from.

extension RandomGraphWriter {
  /// A value that `fits`, or a new one of `shape`.
  mutating func value(
    of shape: [Dim], where fits: (_ sizes: [Int]) -> Bool
  ) -> ValueID {
    let known = values.filter { fits(actual($0)) }
    if !known.isEmpty, choices.chance(75) {
      // The last ones, which little else reads, as a rule.
      return choices.chance(60) ? known[known.count - 1] : choices.pick(known)
    }
    return data(shape)
  }

  /// A value of exactly this shape.
  mutating func data(_ shape: [Dim]) -> ValueID {
    let known = values.filter { self.shape($0) == shape }
    if !known.isEmpty, choices.chance(60) { return choices.pick(known) }
    switch choices.below(8) {
    case 0 where shape.allSatisfy { $0.fixed != nil }: return newWeight(shape)
    case 1:
      if let fill = try? add(.fill(choices.pick([0, 1, -2.5, 1e-3]), shape), []) { return fill }
    case 2:
      let product = actual(shape).reduce(1, *)
      let others = values.filter { actual($0).reduce(1, *) == product }
      if !others.isEmpty, let moved = try? add(.reshape(shape), [choices.pick(others)]) {
        return moved
      }
    case 3:
      let thin = shape.map { choices.chance(50) ? 1 : $0 }
      if let wide = try? add(.broadcast(shape), [newInput(thin)]) { return wide }
    default: break
    }
    return newInput(shape)
  }

  // MARK: Inputs

  mutating func newInput(_ shape: [Dim], _ element: ElementType = .float) -> ValueID {
    let name = "input \(inputs.count)"
    let sizes = actual(shape)
    inputs[name] = tensor(sizes, stores16: choices.chance(10))
    let value = builder.input(name, TensorType(element, shape))
    values.append(value)
    return value
  }

  /// Rows of a table with `rows` rows.
  mutating func newIndices(_ shape: [Dim], below rows: Int) -> ValueID {
    var random = SeededRandom(quietly: choices.seed())
    let sizes = actual(shape)
    let indices = (0..<sizes.reduce(1, *)).map { _ in
      Int32.random(in: 0..<Int32(max(1, rows)), using: &random)
    }
    let tensor = Tensor(indices, shape: Shape(sizes))
    if shape.allSatisfy({ $0.fixed != nil }), choices.chance(40) {
      let name = newName()
      weights.set(name, tensor)
      return builder.weight(name, TensorType(.int32, shape))
    }
    let name = "input \(inputs.count)"
    inputs[name] = tensor
    return builder.input(name, TensorType(.int32, shape))
  }

  // MARK: Weights

  /// A weight for a product: from the table as a rule, else one that is computed.
  mutating func productWeight(_ sizes: [Int]) -> ValueID {
    let shape = sizes.map { Dim(constant: $0) }
    switch choices.below(60) {
    case 57: return newInput(shape)
    case 58: return (try? add(.activation(.gelu), [newWeight(shape)])) ?? newWeight(shape)
    case 50...56:
      guard let first = shape.first else { return newWeight(shape) }
      let scale = choices.chance(90) ? newScale([first]) : data([first])
      return (try? add(.dequantize, [newIntegers(shape), scale])) ?? newWeight(shape)
    case 59: return data(shape)
    default: return newWeight(shape)
    }
  }

  mutating func newWeight(_ shape: [Dim]) -> ValueID {
    if let shared = sharedWeight(TensorType(.float, shape)) { return shared }
    let name = newName()
    weights.set(name, tensor(actual(shape), stores16: true))
    let value = builder.weight(name, TensorType(.float, shape))
    // Weights may be read by anything, and be outputs.
    if choices.chance(10) { values.append(value) }
    return value
  }

  /// int8 in -127...127.
  mutating func newIntegers(_ shape: [Dim]) -> ValueID {
    if let shared = sharedWeight(TensorType(.int8, shape)) { return shared }
    var random = SeededRandom(quietly: choices.seed())
    let maximum: Int8 = choices.pick([127, 3, 0])
    let name = newName()
    weights.set(
      name,
      Tensor(dtype: .int8, shape: Shape(actual(shape))) { bytes in
        for i in bytes.indices {
          bytes[i] = UInt8(bitPattern: Int8.random(in: -maximum...maximum, using: &random))
        }
      })
    return builder.weight(name, TensorType(.int8, shape))
  }

  /// Small positive numbers.
  mutating func newScale(_ shape: [Dim]) -> ValueID {
    var random = SeededRandom(quietly: choices.seed())
    let sizes = actual(shape)
    let name = newName()
    weights.set(
      name, Tensor(random.floats(sizes.reduce(1, *), in: 0.001...0.02), shape: Shape(sizes)))
    return builder.weight(name, TensorType(.float, shape))
  }

  private mutating func sharedWeight(_ type: TensorType) -> ValueID? {
    guard choices.chance(10) else { return nil }
    let graph = builder.graph
    let known = graph.values.indices.map(ValueID.init).filter {
      if case .weight = graph[$0].definition { graph[$0].type == type } else { false }
    }
    return known.isEmpty ? nil : choices.pick(known)
  }

  /// Names that are parts of each other, with spaces at odd places.
  private mutating func newName() -> String {
    let parts = ["a", "b", " ", "linear", ".weight", "é", "0"]
    while true {
      var name = parts[choices.below(parts.count)]
      for _ in 0..<choices.below(4) { name += choices.pick(parts) }
      if weights[name] == nil { return name }
      name += " \(weights.count)"
      if weights[name] == nil { return name }
    }
  }

  // MARK: Numbers

  /// Numbers around one as a rule; some rows of zeros or equal numbers, and rarely what no number
  /// should be.
  private mutating func tensor(_ sizes: [Int], stores16: Bool) -> Tensor {
    var random = SeededRandom(quietly: choices.seed())
    let scale: Float = choices.pick([1, 1, 1, 0.1, 3])
    var floats = random.floats(sizes.reduce(1, *), in: -scale...scale)
    switch choices.below(60) {
    case 57: floats = floats.map { _ in 0 }
    case 58: floats = floats.map { _ in scale }
    case 59 where !floats.isEmpty:
      floats[choices.below(floats.count)] = choices.pick([.nan, .infinity, 1e-30])
    default: break
    }
    let tensor = Tensor(floats, shape: Shape(sizes))
    switch stores16 ? choices.below(6) : 0 {
    case 4: return tensor.converted(to: .float16)
    case 5: return tensor.converted(to: .bfloat16)
    default: return tensor
    }
  }
}
