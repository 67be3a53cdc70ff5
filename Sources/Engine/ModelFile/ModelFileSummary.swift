import Graph
public import JSON
public import Tensors

/// The contents of a file, for a listing.
public struct ModelFileSummary: Sendable {
  /// A section, in file order.
  public struct Section: Sendable, Hashable {
    public let name: String
    public let offset: Int
    public let byteCount: Int
    public let sha256: String
  }

  /// A tensor, in file order.
  public struct TensorEntry: Sendable, Hashable {
    public let name: String
    public let dtype: DType
    public let shape: Shape
    /// Offset from the start of the file.
    public let offset: Int
    public let byteCount: Int
    public let crc32: UInt32
  }

  /// A graph, without its nodes.
  public struct GraphEntry: Sendable, Hashable {
    public let name: String
    public let inputs: [String]
    public let outputs: [String]
    public let nodeCount: Int
  }

  /// Version of the format in which the file was written, such as "1.0".
  public let version: String
  public let byteCount: Int
  public let sections: [Section]
  public let graphs: [GraphEntry]
  public let tensors: [TensorEntry]
  public let metadata: JSONValue

  init(_ file: LoadedModelFile) {
    version = "\(file.header.major).\(file.header.minor)"
    byteCount = file.header.fileByteCount
    sections = file.sections.map {
      Section(
        name: $0.name, offset: $0.offset, byteCount: $0.byteCount,
        sha256: hexadecimalText($0.sha256))
    }
    graphs = file.model.graphs.map {
      GraphEntry(
        name: $0.name, inputs: $0.inputs.map(\.name), outputs: $0.outputs.map(\.name),
        nodeCount: $0.nodes.count)
    }
    tensors = file.records.map {
      TensorEntry(
        name: $0.name, dtype: $0.dtype, shape: $0.shape, offset: file.dataOffset + $0.offset,
        byteCount: $0.byteCount, crc32: $0.checksum)
    }
    metadata = file.model.metadata
  }
}
