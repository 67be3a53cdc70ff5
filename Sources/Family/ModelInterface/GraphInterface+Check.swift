import Bytes
import Graph

extension GraphInterface {
  static let hint = "convert the checkpoint again with the sam2-convert of this version"

  /// Compares the operands and results declared by `graph` with these.
  /// - Throws: `config.mismatch`, `model.interface`.
  func check(_ graph: Graph) throws(Failure) {
    var symbols = SymbolMatch()
    let inputs = graph.inputs.map { Value(name: $0.name, type: graph[$0.value].type) }
    let outputs = graph.outputs.map { Value(name: $0.name, type: graph[$0.value].type) }
    try check(inputs, against: self.inputs, "input", &symbols)
    try check(outputs, against: self.outputs, "output", &symbols)
  }

  private func check(
    _ found: [Value], against expected: [Value], _ role: String, _ symbols: inout SymbolMatch
  ) throws(Failure) {
    for value in found where !expected.contains(where: { $0.name == value.name }) {
      throw refusal(
        "model.interface",
        "\(role) \(value.name) is unknown; expected are "
          + (expected.isEmpty ? "none" : expected.map(\.name).joined(separator: ", ")))
    }
    for value in expected {
      guard let type = found.first(where: { $0.name == value.name })?.type else {
        throw refusal(
          "model.interface", "\(role) \(value.name), \(value.type), is missing")
      }
      let message = "\(role) \(value.name) is \(type), not \(symbols.inTermsOfFile(value.type))"
      switch symbols.compare(type, with: value.type) {
      case .equal: continue
      case .otherSizes: throw refusal("config.mismatch", message)
      case .otherKind: throw refusal("model.interface", message)
      }
    }
  }

  private func refusal(_ code: String, _ message: String) -> Failure {
    Failure(
      .badInput, code: code, message, place: "graph \(name.rawValue)",
      hint: code == "config.mismatch"
        ? "the configuration in the file is not that of its graphs: convert the checkpoint again"
        : Self.hint)
  }
}

/// The symbols of a graph, paired with those of its interface as they are encountered.
private struct SymbolMatch {
  enum Comparison {
    case equal
    /// Only fixed sizes differ.
    case otherSizes
    /// Element type, rank or symbols differ.
    case otherKind
  }

  /// The graph's symbol for each symbol of the interface.
  private var pairs: [Symbol: Symbol] = [:]

  /// Compares a type of the graph with one of the interface.
  mutating func compare(_ found: TensorType, with expected: TensorType) -> Comparison {
    guard found.element == expected.element, found.shape.count == expected.shape.count else {
      return .otherKind
    }
    var result = Comparison.equal
    for (dim, required) in zip(found.shape, expected.shape) {
      if let symbol = required.symbol {
        guard pair(symbol, with: dim.symbol) else { return .otherKind }
      } else {
        guard dim.fixed != nil else { return .otherKind }
        if dim != required { result = .otherSizes }
      }
    }
    return result
  }

  /// Whether `found` is the symbol in all places of `expected`, and in none of another symbol.
  private mutating func pair(_ expected: Symbol, with found: Symbol?) -> Bool {
    guard let found else { return false }
    if let known = pairs[expected] { return known == found }
    guard !pairs.values.contains(found) else { return false }
    pairs[expected] = found
    return true
  }

  /// `type` with the graph's symbols where they are known; a prime distinguishes any others.
  func inTermsOfFile(_ type: TensorType) -> TensorType {
    func translated(_ symbol: Symbol) -> Symbol {
      if let known = pairs[symbol] { return known }
      return pairs.values.contains(symbol) ? Symbol(symbol.name + "'") : symbol
    }
    return TensorType(type.element, type.shape.map { $0.symbol.map { Dim(translated($0)) } ?? $0 })
  }
}

extension Dim {
  /// The symbol, if the size is exactly one symbol.
  fileprivate var symbol: Symbol? {
    constant == 0 && terms.count == 1 && terms[0].coefficient == 1 ? terms[0].symbol : nil
  }
}
