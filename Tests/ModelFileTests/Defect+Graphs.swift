import Bytes
import Graph

extension Defect {
  /// Graphs that the encoder writes and a reader must refuse.
  func graphs() throws -> [Graph]? {
    var graph = try SampleModels.tiny().graphs[0]
    let n = Symbol("n")
    switch self {
    case .missingWeight: graph.values[1].definition = .weight("v")
    case .otherWeightShape:
      graph.values[1].type.shape = [2, 4]
      graph.values[0].type.shape[1] = 4
    case .useBeforeDefinition: graph.nodes[0].operands[0] = ValueID(3)
    case .noSuchOperand: graph.nodes[0].operands[0] = ValueID(4_000_000_000)
    case .twoResults: graph.nodes.append(graph.nodes[0])
    case .wrongType: graph.values[3].type.shape[1] = 3
    case .noOutputs: graph.outputs = []
    case .twoGraphsOfAName: return [graph, graph]
    case .manyGraphs: return Array(repeating: graph, count: 65)
    case .hugeDim: graph.values[0].type.shape[1] = Dim(constant: .min)
    case .hugeShape: graph.values[0].type.shape = Array(repeating: Dim(constant: 64), count: 8)
    case .negativeDim: graph.values[0].type.shape[1] = -3
    case .zeroWindow: graph.nodes[0].op = .maxPool(window: 0)
    case .zeroHeight: graph.nodes[0].op = .windowMerge(window: 8, height: 0, width: 8)
    case .infiniteScale: graph.nodes[0].op = .attention(heads: 1, scale: .infinity)
    case .notANumber: graph.nodes[0].op = .fill(.nan, [Dim(n)])
    default: return nil
    }
    return [graph]
  }

  /// Changes of the graph section that the encoder cannot express.
  ///
  /// Offsets are those of the dump in `Formats/model-file.md`, from the start of the section.
  var byteChange: ((inout [UInt8]) -> Void)? {
    func put(_ bytes: [UInt8], at offset: Int) -> (inout [UInt8]) -> Void {
      { $0.replaceSubrange(offset..<(offset + bytes.count), with: bytes) }
    }
    return switch self {
    case .manyStrings: put([0xFF, 0xFF, 0xFF, 0xFF], at: 0)
    case .unsortedStrings: put([0x7A], at: Offset.firstString)
    case .unusedString: put([0, 0, 0, 0], at: Offset.label)
    case .manyNodes: put([0xFF, 0xFF, 0xFF, 0x7F], at: Offset.nodeCount)
    case .unknownOperator: put([0xFF, 0x00], at: Offset.node)
    case .unknownActivation: put([4], at: Offset.payload + 1)
    case .unknownElement: put([9], at: Offset.values)
    case .surplusBytes: { $0.append(0) }
    case .zeroTerm: put([UInt8](repeating: 0, count: 8), at: Offset.values + 20)
    case .unsortedTerms:
      { bytes in
        // A second term n beside the first: a canonical sum has each symbol once.
        let term = Array(bytes[(Offset.values + 16)..<(Offset.values + 28)])
        bytes[Offset.values + 15] = 2
        bytes.insert(contentsOf: term, at: Offset.values + 28)
      }
    default: nil
    }
  }

  /// Places in the graph section of the tiny model.
  private enum Offset {
    /// After both counts: the pool "b", "fc", "n", "tiny", "w", "x", "y", each after its length.
    static let firstString = 9
    /// 8 + (1 + 1) * 5 + (1 + 2) + (1 + 4).
    static let graph = 26
    static let nodeCount = graph + 8
    static let values = graph + 16
    /// x has 6 + 1 + (9 + 12) + 9 bytes, w 6 + 1 + 9 + 9, b 6 + 1 + 9, the result as x.
    static let node = values + 37 + 25 + 16 + 37
    static let label = node + 8
    static let payload = node + 12 + 3 * 4
  }
}
