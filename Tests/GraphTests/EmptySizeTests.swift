import Bytes
import Graph
import TestSupport
import Testing

/// Axes of size 0: counts of points, pointers and other rows may be, everything else is refused.
struct EmptySizeTests {
  /// An operator whose sizes of one value, wherever they are, have become 0.
  struct Emptied: Sendable, CustomStringConvertible {
    let sample: OperatorSample
    let size: Int

    var operands: [TensorType] {
      sample.operands.map { type in
        TensorType(type.element, type.shape.map { $0 == Dim(constant: size) ? 0 : $0 })
      }
    }
    var description: String { "\(sample.name) without its \(size)" }

    static let all: [Emptied] = OperatorSample.all.flatMap { sample in
      Set(sample.operands.flatMap(\.shape).compactMap(\.fixed)).sorted()
        .map { Emptied(sample: sample, size: $0) }
    }
  }

  /// Operators that have something to do with rows that may be none.
  private static let acceptingKinds: Set<OperatorKind> = [
    .linear, .quantizedLinear, .layerNorm, .batchNorm, .activation, .add, .multiply, .affine,
    .rotatePairs, .reshape, .transpose, .concat, .slice, .broadcast, .gather, .fourierFeatures,
    .sineFeatures,
  ]

  @Test(arguments: Emptied.all)
  func nothingIsReadWhereThereIsNothing(_ emptied: Emptied) throws {
    do throws(Failure) {
      let result = try emptied.sample.op.resultType(emptied.operands)
      #expect(Self.acceptingKinds.contains(OperatorKind(emptied.sample.op)), "\(emptied)")
      // Inputs are empty, and so are results; tables and weights are not.
      #expect(result.shape.contains(0) || emptied.sample.op == .concat(axis: 1), "\(emptied)")
    } catch {
      #expect(["graph.shape", "graph.operands"].contains(error.code))
    }
  }

  @Test func thereAreManyOfThem() { #expect(Emptied.all.count > 120) }

  private static let emptyRows: [(Op, [TensorType])] = [
    (.linear(.init(hasBias: true)), [.float(0, 5), .float(4, 5), .float(4)]),
    (.gather, [.float(5, 3), TensorType(.int32, [2, 0])]),
    (.gather, [.float(0, 3), TensorType(.int32, [0])]),
    (.concat(axis: 1), [.float(2, 0, 4), .float(2, 3, 4)]),
    (.add, [.float(1, 0, 4), .float(2, 1, 4)]),
    (.sineFeatures(channels: 8, temperature: 10), [.float(0, 1)]),
    (.fourierFeatures, [.float(2, 0, 2), .float(2, 4)]),
    (.rotatePairs(rotated: 0), [.float(2, 0, 4), .float(3, 2), .float(3, 2)]),
    (.slice(axis: 1, start: 3, count: 0), [.float(2, 3)]),
    (.fill(0, [0, 4]), []),
  ]

  /// The axes that models leave empty.
  @Test(arguments: emptyRows)
  func rowsMayBeNone(_ op: Op, _ operands: [TensorType]) throws {
    _ = try op.resultType(operands)
  }

  private static let hiddenSizes: [(Op, [TensorType])] = [
    (.gather, [.float(n, 3), TensorType(.int32, [2])]),
    (.resize(.init(.bilinear, height: 4, width: 4)), [.float(n, 3, 3, 2)]),
    (.rotatePairs(rotated: 1), [.float(1, 3, 4), .float(n, 2), .float(n, 2)]),
    (.attention(heads: 1, scale: 1), [.float(1, 3, 4), .float(1, n, 4), .float(1, n, 4)]),
    (.attention(heads: 1, scale: 1), [.float(1, n, 4), .float(1, 3, 4), .float(1, 3, 4)]),
    (
      Op.quantizedAttention(heads: 1, scale: 1),
      [.float(n, 3, 4), .float(n, 2, 4), .float(n, 2, 4)]
    ),
    (.matmulTransposed, [.float(1, n, 4), .float(1, 3, 4)]),
    (.matmulTransposed, [.float(1, 2, n), .float(1, 3, n)]),
    (.linear(.init(hasBias: false)), [.float(3, n), .float(4, n)]),
    (.linear(.init(hasBias: false)), [.float(3, 2), .float(n, 2)]),
    (.layerNorm(epsilon: 1), [.float(3, n), .float(n), .float(n)]),
    (.maxPool(window: 2), [.float(n, 4, 4, 3)]),
    (.averagePool(window: 2), [.float(n, 4, 4, 3)]),
    (.batchNorm(epsilon: 1), [.float(3, n), .float(n), .float(n), .float(n), .float(n)]),
    (.windowPartition(window: 2), [.float(1, 4, 4, n)]),
    (.windowMerge(window: 2, height: 2, width: 2), [.float(n, 2, 2, 3)]),
    (.conv2d(.init(kernel: 1, hasBias: false)), [.float(n, 4, 4, 3), .float(5, 3, 1, 1)]),
    (.convTranspose2d(stride: 1), [.float(1, 4, 4, 3), .float(3, n, 1, 1), .float(n)]),
    (.dequantize, [TensorType(.int8, [n, 4]), .float(n)]),
    (.fourierFeatures, [.float(3, 2), .float(2, n)]),
  ]

  /// Empty sizes that symbols of a file hide are found once the symbols have sizes.
  @Test(arguments: hiddenSizes)
  func symbolsOfNoSizeAreRefused(_ op: Op, _ operands: [TensorType]) throws {
    var builder = GraphBuilder("empty")
    var inputs: [ValueID] = []
    for (index, type) in operands.enumerated() { inputs.append(builder.input("x\(index)", type)) }
    builder.output("y", try builder.add(op, inputs, label: "last"))
    let graph = builder.graph
    try graph.verify()
    _ = try graph.bound(to: [Symbol("n"): 1])
    #expect(throws: failure("graph.shape")) { try graph.bound(to: [Symbol("n"): 0]) }
  }
}

private let n = Dim(Symbol("n"))
