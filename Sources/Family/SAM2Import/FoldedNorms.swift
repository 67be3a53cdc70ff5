internal import Bytes
internal import Graph
internal import Tensors

/// Splits the convolutions into which passes have folded batch norms and branches, so that a model
/// has all official weights again.
///
/// The original factors are lost. The convolution keeps the folded weights, and its norm and the
/// parallel branches are replaced so that a model computes the same with them.
struct FoldedNorms {
  /// The weights, with convolutions and norms in place of folded convolutions.
  private(set) var weights = WeightTable()
  /// Official names of the weights that were split, which do not have the values of a checkpoint.
  private(set) var factors: [String] = []

  /// The suffixes that a convolution's name has after `fold-batch-norms`, and then after
  /// `merge-depthwise-branches`.
  private static let folded = ".c.folded"
  private static let merged = ".c.folded.merged"
  private static let epsilon: Float = 1e-5

  /// - Throws: `export.scale` for an int8 convolution without its scales.
  init(_ source: WeightTable, _ official: OfficialTensors) throws(Failure) {
    for name in source.names {
      guard let tensor = source[name] else { continue }
      if let path = FoldedNorms.path(of: name, Self.folded, official) {
        try factor(tensor, name, source, at: path, official)
      } else if let path = FoldedNorms.path(of: name, Self.merged, official),
        path.hasSuffix(".conv")
      {
        try factor(tensor, name, source, at: path, official)
        addEmptyBranch(at: path + "1", official)
      } else if !FoldedNorms.isPart(name, of: source) {
        weights.set(name, tensor)
      }
    }
  }

  /// The module of a folded convolution: `name` without `suffix`, if that is official.
  private static func path(
    of name: String, _ suffix: String, _ official: OfficialTensors
  ) -> String? {
    guard name.hasSuffix(suffix) else { return nil }
    let path = String(name.dropLast(suffix.count))
    return official.shapes["\(path).c.weight"] == nil ? nil : path
  }

  /// Whether a weight is the bias or the scale of a folded convolution.
  private static func isPart(_ name: String, of source: WeightTable) -> Bool {
    for suffix in [".bias", ".scale"] where name.hasSuffix(suffix) {
      let base = String(name.dropLast(suffix.count))
      return source[base] != nil && (base.hasSuffix(folded) || base.hasSuffix(merged))
    }
    return false
  }

  private mutating func factor(
    _ tensor: Tensor, _ name: String, _ source: WeightTable, at path: String,
    _ official: OfficialTensors
  ) throws(Failure) {
    guard let shape = official.shapes["\(path).c.weight"], let outputs = shape.first,
      tensor.elementCount == shape.reduce(1, *)
    else {
      // The exporter refuses names that are not official.
      weights.set(name, tensor)
      return
    }
    var kernel = tensor.floats()
    if tensor.dtype == .int8 { try WeightScales.apply(&kernel, name, source) }
    if name.hasSuffix(Self.merged) {
      // The graph adds the map itself.
      let area = kernel.count / max(1, outputs)
      for channel in 0..<outputs { kernel[channel * area + area / 2] -= 1 }
    }
    set("\(path).c.weight", kernel, shape)
    addIdentity(at: path, outputs, bias: source["\(name).bias"]?.floats())
  }

  /// A norm that adds `bias` and does nothing else.
  private mutating func addIdentity(at path: String, _ outputs: Int, bias: [Float]?) {
    func filled(_ value: Float) -> [Float] { Array(repeating: value, count: outputs) }
    set("\(path).bn.weight", filled(1), [outputs])
    set("\(path).bn.bias", bias ?? filled(0), [outputs])
    set("\(path).bn\(OfficialTensors.meanSuffix)", filled(0), [outputs])
    set("\(path).bn\(OfficialTensors.varianceSuffix)", filled(1 - Self.epsilon), [outputs])
  }

  /// A branch whose role the convolution next to it has taken over.
  private mutating func addEmptyBranch(at path: String, _ official: OfficialTensors) {
    guard let shape = official.shapes["\(path).c.weight"], let outputs = shape.first else { return }
    set("\(path).c.weight", [Float](repeating: 0, count: shape.reduce(1, *)), shape)
    addIdentity(at: path, outputs, bias: nil)
  }

  private mutating func set(_ name: String, _ values: [Float], _ shape: [Int]) {
    weights.set(name, Tensor(values, shape: Shape(shape)))
    factors.append(name)
  }
}
