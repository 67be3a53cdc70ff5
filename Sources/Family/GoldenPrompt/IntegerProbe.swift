internal import Bytes
internal import Graph
internal import JSON
internal import ModelFile
internal import Runtime
internal import Tensors

/// The int8 products of a graph, applied to rows of whole numbers from 0 to 255, which round to
/// themselves, with scales of one and no bias, so that the results are the integer sums.
struct IntegerProbe {
  /// Names and tensors of the int8 weights, each once, in the order of the graph.
  let weights: [(name: String, tensor: Tensor)]

  private static let rowCount = 2

  init(_ graph: Graph, _ table: WeightTable) {
    var seen: Set<String> = []
    var weights: [(name: String, tensor: Tensor)] = []
    for node in graph.nodes {
      let position: Int
      switch node.op {
      case .quantizedLinear: position = 1
      case .axialAttention: position = 3
      default: continue
      }
      guard case .weight(let name) = graph[node.operands[position]].definition,
        let tensor = table[name], tensor.shape.rank >= 2, seen.insert(name).inserted
      else { continue }
      weights.append((name, tensor))
    }
    self.weights = weights
  }

  /// SHA-256 of the sums of all products, as little-endian float32; nil without any products.
  func digest(options: RuntimeOptions) throws(Failure) -> String? {
    guard !weights.isEmpty else { return nil }
    var table = WeightTable()
    var builder = GraphBuilder("integers")
    var inputs: [String: Tensor] = [:]
    for (index, weight) in weights.enumerated() {
      let (outputs, depth) = (
        weight.tensor.shape[0], weight.tensor.elementCount / max(1, weight.tensor.shape[0])
      )
      table.set("weight \(index)", weight.tensor.reshaped([outputs, depth]))
      table.set(
        "scale \(index)", Tensor([Float](repeating: 1, count: outputs), shape: [outputs]))
      let (n, k) = (Dim(constant: outputs), Dim(constant: depth))
      let operands = [
        builder.input("x \(index)", .float(Dim(constant: Self.rowCount), k)),
        builder.weight("weight \(index)", TensorType(.int8, [n, k])),
        builder.weight("scale \(index)", .float(n)),
      ]
      inputs["x \(index)"] = Tensor(Self.rows(depth), shape: [Self.rowCount, depth])
      let sums = try builder.add(
        .quantizedLinear(Linear(hasBias: false)), operands, label: weight.name)
      builder.output("y \(index)", sums)
    }
    let model = Model(metadata: .object([]), graphs: [builder.graph], weights: table)
    let results = try Program(model, options: options).run("integers", inputs)
    var bytes: [UInt8] = []
    for index in weights.indices {
      for sum in results["y \(index)"]?.floats() ?? [] {
        let bits = sum.bitPattern
        for shift in stride(from: 0, to: 32, by: 8) {
          bytes.append(UInt8(truncatingIfNeeded: bits >> shift))
        }
      }
    }
    return unsafe ModelFile.sha256(
      of: ByteStorage(byteCount: bytes.count) { unsafe $0.copyBytes(from: bytes) })
  }

  /// Rows that span 0 to 255, so that their step is one.
  private static func rows(_ depth: Int) -> [Float] {
    (0..<(rowCount * depth)).map { index in
      switch index % depth {
      case 0: 255
      case 1: 0
      default: Float(GoldenInputs.hash(index, 0) >> 56)
      }
    }
  }
}
