import Bytes
import Graph
import Tensors

/// The constants of the format that `Formats/model-file.md` specifies.
enum FileFormat {
  /// As in PNG, the first byte is not ASCII and line endings follow, so that a transfer that
  /// "corrects" text is noticed.
  static let magic: [UInt8] = [0x89, 0x53, 0x41, 0x4D, 0x32, 0x0D, 0x0A, 0x1A]
  static let majorVersion: UInt16 = 1
  static let minorVersion: UInt16 = 3

  /// The minimum minor version that defines everything in `graphs`.
  static func minorVersion(for graphs: [Graph]) -> UInt16 {
    var version: UInt16 = 0
    for graph in graphs {
      for node in graph.nodes {
        switch node.op {
        case .quantizedAttention, .dequantize: version = max(version, 1)
        case .axialAttention: version = max(version, 2)
        case .batchNorm, .averagePool: version = max(version, 3)
        case .linear(let p), .quantizedLinear(let p):
          version = max(version, minorVersion(for: p.activation))
        case .activation(let kind): version = max(version, minorVersion(for: kind))
        default: break
        }
      }
    }
    return version
  }

  private static func minorVersion(for activation: Activation) -> UInt16 {
    switch activation {
    case .none, .relu, .gelu, .sigmoid: 0
    case .quickGelu, .elu: 3
    }
  }

  static let headerByteCount = 64
  /// Sections, and tensors within the data, start at multiples of this.
  static let alignment = 64
  /// The tensor data starts at a multiple of this, so that it occupies whole pages of a mapping.
  static let pageByteCount = 4096
}

/// The contents of a section; the raw value is the code in the file.
enum SectionKind: UInt32, CaseIterable {
  case metadata = 1
  case graphs = 2
  case tensorTable = 3
  case tensorData = 4

  var name: String {
    switch self {
    case .metadata: "metadata"
    case .graphs: "graphs"
    case .tensorTable: "tensor table"
    case .tensorData: "tensor data"
    }
  }

  var flags: SectionFlags {
    switch self {
    case .metadata, .graphs, .tensorTable: .required
    case .tensorData: [.required, .pageAligned]
    }
  }
}

/// Properties that a section of any kind may have.
struct SectionFlags: OptionSet {
  let rawValue: UInt32

  /// A reader that does not know this kind must refuse the file.
  static let required = SectionFlags(rawValue: 1)
  /// Starts at a multiple of a page, not just of 64 bytes.
  static let pageAligned = SectionFlags(rawValue: 2)
  static let known: SectionFlags = [.required, .pageAligned]

  var alignment: Int {
    contains(.pageAligned) ? FileFormat.pageByteCount : FileFormat.alignment
  }
}

extension ModelFile {
  /// Limits of the format, the same for every reader and writer.
  public enum Limit {
    public static let fileByteCount = 1 << 40
    public static let sections = 64
    public static let metadataByteCount = 16 << 20
    public static let graphSectionByteCount = 64 << 20
    public static let graphs = 64
    public static let tensors = 100_000
    /// UTF-8 bytes in the name of a graph, tensor, input, output or symbol, or in a label.
    public static let nameByteCount = Graph.Limit.nameBytes
    public static let rank = Shape.maximumRank
    /// Symbols in one size.
    public static let terms = Graph.Limit.terms
    public static let operands = 4096
    /// Largest integer in an operator's payload: a kernel, a window, a height.
    public static let payload = Graph.Limit.side
    /// Largest magnitude of a constant or coefficient in a size.
    public static let size = Graph.Limit.size
    /// Maximum number of elements in a tensor, and in a graph's shape when its symbols are 1.
    public static let elementCount = Shape.maximumElementCount
  }
}
