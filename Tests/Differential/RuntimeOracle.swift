internal import Bytes
internal import Graph
internal import Reference
internal import Runtime
internal import Synchronization
internal import Tensors
public import TestSupport

/// Holds the runtime to the reference on a random graph.
///
/// Every node of a plan without joined steps must give what the reference gives on the very
/// operands that the node had. The plan with joined steps must give what the one without gives,
/// bit for bit as a rule, except for rounding where attention between tokens and cells is computed
/// in another way.
public struct RuntimeOracle {
  /// Relative to the largest element of an output.
  static let joinedTolerance = 1e-4
  /// The same downstream of integers: a number between two of them may become the other one.
  static let roundedTolerance = 5e-2
  /// The factor by which an output may move further than by a change of the inputs in their last
  /// bits.
  static let instability = 100.0

  private let item: RandomGraph
  private let level: String

  /// - Returns: whether all agreed, or all refused the graph.
  /// - Throws: how they disagree.
  public static func check(
    _ item: RandomGraph, level: String
  ) throws(Disagreement) -> Verdict {
    try RuntimeOracle(item: item, level: level).check()
  }

  private func check() throws(Disagreement) -> Verdict {
    do throws(Failure) { try item.model.verify() } catch {
      throw Disagreement("does not verify: \(error)")
    }
    let bound: Graph?
    let refusal: Failure?
    do throws(Failure) { (bound, refusal) = (try self.bound(), nil) } catch {
      (bound, refusal) = (nil, error)
    }
    switch (run(joins: false, tap: nil), run(joins: true, tap: nil)) {
    case (.failure(let plain), .failure(let joined)):
      guard plain == joined, refusal == nil || plain == refusal, plain.kind == .badInput else {
        throw Disagreement("refused as \(plain.code), joined as \(joined.code)")
      }
      return .refused(code: plain.code)
    case (.success(let plain), .success(let joined)):
      guard let bound else {
        throw Disagreement("runs, but binding reports \(refusal?.code ?? "")")
      }
      try checkNodes(bound, outputs: plain)
      try checkJoined(joined, plain: plain)
      return .agreed
    case (.success, .failure(let failure)):
      throw Disagreement("only joined steps refuse it: \(failure)")
    case (.failure(let failure), .success):
      throw Disagreement("only single steps refuse it: \(failure)")
    }
  }

  private func bound() throws(Failure) -> Graph {
    let shapes = item.inputs.mapValues(\.shape.dimensions)
    return try item.graph.bound(to: item.graph.bindings(inputShapes: shapes))
  }

  private func run(
    joins: Bool, tap: ActivationTap?, inputs: [String: Tensor]? = nil, threads: Int = 1
  ) -> Result<[String: Tensor], Failure> {
    var options = RuntimeOptions(threads: threads, kernelLevel: level)
    options.fusesSteps = joins
    do throws(Failure) {
      let program = try Program(item.model, options: options, tap: tap)
      // The second call finds the plan, and memory that the first one has used.
      if threads > 1 { _ = try program.run(RandomGraph.name, item.inputs) }
      return .success(try program.run(RandomGraph.name, inputs ?? item.inputs))
    } catch {
      return .failure(error)
    }
  }

  // MARK: Node by node

  private func checkNodes(_ bound: Graph, outputs: [String: Tensor]) throws(Disagreement) {
    let seen = Seen()
    let computed = bound.nodes.map(\.result)
    let tap = ActivationTap(values: [RandomGraph.name: Set(computed)]) { _, value, elements in
      seen.values.withLock { $0[value] = (elements.shape, elements.elements()) }
    }
    guard case .success(let tapped) = run(joins: false, tap: tap) else {
      throw Disagreement("is refused when watched")
    }
    // A watched value exists in full, where a batch would otherwise share one item.
    try expectClose(tapped, outputs, "a watched run")
    var trace = NodeTrace(bound, item, constant: item.graph.constantNodes)
    for (index, node) in bound.nodes.enumerated() where trace.isNeeded[index] {
      let actual = seen.values.withLock { $0[node.result] }
      try trace.step(node, index, actual)
    }
    for output in bound.outputs {
      guard let actual = tapped[output.name] else {
        throw Disagreement("has no \(output.name)")
      }
      try trace.compare(output, actual)
    }
  }

  private final class Seen: Sendable {
    let values = Guarded<[ValueID: (shape: [Int], elements: [Float])]>([:])
  }

  // MARK: Joined steps

  private func checkJoined(
    _ joined: [String: Tensor], plain: [String: Tensor]
  ) throws(Disagreement) {
    guard case .success(let threaded) = run(joins: true, tap: nil, threads: 3) else {
      throw Disagreement("three threads refuse it")
    }
    try expectSame(threaded, joined, "three threads")
    try expectClose(joined, plain, "joined steps")
  }

  /// The same, or as near as other orders of additions bring it.
  private func expectClose(
    _ joined: [String: Tensor], _ plain: [String: Tensor], _ what: String
  ) throws(Disagreement) {
    guard let name = firstDifference(joined, plain) else { return }
    let tolerance = isRounded ? Self.roundedTolerance : Self.joinedTolerance
    for output in item.graph.outputs {
      guard let a = joined[output.name]?.floats(), let b = plain[output.name]?.floats(),
        a.count == b.count
      else { throw Disagreement("\(what): \(output.name) has another shape") }
      let size = b.reduce(0) { max($0, abs($1)) }
      guard size.isFinite, size < Float(NodeTolerance.largest) else { continue }
      let apart = largestDifference(a, b)
      guard apart > tolerance * max(1e-6, Double(size)) else { continue }
      let moved = try movement(of: output.name, b)
      if apart <= Self.instability * moved { continue }
      throw Disagreement(
        "\(what): \(output.name) differs by \(apart) of \(size), first \(name); "
          + "an unrelated change moves it by \(moved)")
    }
  }

  /// How far an output moves when all inputs change in their last bits.
  private func movement(of output: String, _ values: [Float]) throws(Disagreement) -> Double {
    var maximum = 0.0
    for seed in 1...4 {
      var random = SeededRandom(quietly: UInt64(seed))
      let moved = item.inputs.mapValues { tensor in
        guard tensor.dtype != .int32 else { return tensor }
        let changed = tensor.floats().map {
          $0 * (1 + Float.random(in: -4e-7...4e-7, using: &random))
        }
        return Tensor(changed, shape: tensor.shape)
      }
      guard case .success(let results) = run(joins: false, tap: nil, inputs: moved),
        let other = results[output]?.floats()
      else { throw Disagreement("other inputs are refused") }
      maximum = max(maximum, largestDifference(other, values))
    }
    return maximum
  }

  private var isRounded: Bool {
    item.graph.nodes.contains { node in
      switch node.op {
      case .quantizedLinear, .quantizedAttention, .axialAttention: true
      default: false
      }
    }
  }

  // MARK: Comparing

  private func largestDifference(_ a: [Float], _ b: [Float]) -> Double {
    zip(a, b).reduce(0) { maximum, pair in
      let apart = Double(pair.0) - Double(pair.1)
      return apart.isNaN ? .infinity : max(maximum, abs(apart))
    }
  }

  private func firstDifference(_ a: [String: Tensor], _ b: [String: Tensor]) -> String? {
    item.graph.outputs.map(\.name).first { name in
      guard let x = a[name], let y = b[name], x.shape == y.shape else { return true }
      return zip(x.floats(), y.floats()).contains {
        $0.bitPattern != $1.bitPattern && !($0.isNaN && $1.isNaN)
      }
    }
  }

  private func expectSame(
    _ a: [String: Tensor], _ b: [String: Tensor], _ what: String
  ) throws(Disagreement) {
    if let name = firstDifference(a, b) { throw Disagreement("\(what): \(name) differs") }
  }
}
