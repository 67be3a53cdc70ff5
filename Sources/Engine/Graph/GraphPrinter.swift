extension Graph: CustomStringConvertible {
  /// The graph as text, one node per line:
  /// `%7 = linear(%3, @trunk.blocks.0.proj.weight) : float[1, 64, 64, 96]  // label`.
  public var description: String {
    let parameters = inputs.map { "\($0.name): \(self[$0.value].type)" }
    var lines = ["graph \(name)(\(parameters.joined(separator: ", "))) {"]
    for node in nodes {
      let operands = node.operands.map(reference).joined(separator: ", ")
      let payload = node.op.payloadDescription
      lines.append(
        "  \(reference(node.result)) = \(node.op.name)\(payload)(\(operands))"
          + " : \(self[node.result].type)  // \(node.label)")
    }
    for output in outputs { lines.append("  return \(output.name): \(reference(output.value))") }
    return (lines + ["}"]).joined(separator: "\n")
  }

  private func reference(_ id: ValueID) -> String {
    switch values[id.index].definition {
    case .input(let name): "$\(name)"
    case .weight(let name): "@\(name)"
    case .node: "%\(id.index)"
    }
  }
}

extension Op {
  /// Parameters as printed after the name; empty if there are none.
  fileprivate var payloadDescription: String {
    func list(_ dims: [Dim]) -> String { dims.map(\.description).joined(separator: "x") }
    let text: String =
      switch self {
      case .linear(let p), .quantizedLinear(let p): p.activation == .none ? "" : "\(p.activation)"
      case .conv2d(let p):
        "kernel \(p.kernel) stride \(p.stride) padding \(p.padding) groups \(p.groups)"
      case .convTranspose2d(let stride): "stride \(stride)"
      case .attention(let heads, let scale), .quantizedAttention(let heads, let scale):
        "heads \(heads) scale \(scale)"
      case .axialAttention(let p):
        "\(p.height)x\(p.width) theta \(p.theta) rotated \(p.rotated) scale \(p.scale)"
      case .layerNorm(let epsilon), .batchNorm(let epsilon): "epsilon \(epsilon)"
      case .activation(let kind): "\(kind)"
      case .affine(let scale, let offset): "scale \(scale) offset \(offset)"
      case .rotatePairs(let rotated): "rotated \(rotated)"
      case .maxPool(let window), .averagePool(let window), .windowPartition(let window):
        "window \(window)"
      case .resize(let p): "\(p.mode) \(p.height)x\(p.width)"
      case .windowMerge(let window, let height, let width): "window \(window) \(height)x\(width)"
      case .reshape(let shape), .broadcast(let shape): list(shape)
      case .transpose(let axes): axes.map(String.init).joined(separator: " ")
      case .concat(let axis): "axis \(axis)"
      case .slice(let axis, let start, let count): "axis \(axis) \(start)..+\(count)"
      case .sineFeatures(let channels, let t): "channels \(channels) temperature \(t)"
      case .pixelGrid(let height, let width): "\(height)x\(width)"
      case .sineGrid(let height, let width, let channels, let t):
        "\(height)x\(width)x\(channels) temperature \(t)"
      case .rotaryTable(let p): "\(p.part) \(p.height)x\(p.width) pairs \(p.pairs) theta \(p.theta)"
      case .fill(let value, let shape): "\(value) \(list(shape))"
      case .matmulTransposed, .add, .multiply, .dequantize, .gather, .fourierFeatures: ""
      }
    return text.isEmpty ? "" : "[\(text)]"
  }
}
