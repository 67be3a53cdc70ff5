/// Layers of a Keras model and the official tensors that their variables correspond to.
struct KerasRules: Sendable {
  /// One variable of a layer.
  enum Variable: Sendable {
    case tensor(KerasTranspose, String)
    /// A matrix in which each row is an official tensor.
    case rows([String])
    /// Computed from other variables and stored next to them.
    case derived
  }

  /// The variables of a layer, in their order.
  ///
  /// `#` represents a number, which is the same in the layer's key and in the official names.
  struct Rule: Sendable {
    let layer: String
    let variables: [Variable]
  }

  private let byLayer: [String: Rule]

  init(_ rules: [Rule]) {
    var table: [String: Rule] = [:]
    for rule in rules { table[rule.layer] = rule }
    byLayer = table
  }

  /// The variables of the layer called `name`; nil when no rule applies.
  func variables(named name: String) -> [Variable]? {
    if let rule = byLayer[name] { return rule.variables }
    // No rule has two numbers that vary, but any number in the name may be the one that does.
    for digits in KerasRules.numbers(in: name) {
      guard let number = canonicalNumber(name[digits]) else { continue }
      let pattern = name.replacingSubrange(digits, with: "#")
      if let rule = byLayer[pattern] { return rule.variables.map { $0.numbered(number) } }
    }
    return nil
  }

  /// The variables of the layer at `path`, where Keras numbers parts of the same name: `x` is the
  /// first, `x_1` the second.
  func variables(at path: String) -> [Variable]? {
    if let rule = byLayer[path] { return rule.variables }
    let parts = path.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    for (index, part) in parts.enumerated() {
      var (pattern, number) = (parts, 0)
      if let digits = KerasRules.numbers(in: part).last, digits.upperBound == part.endIndex,
        part[..<digits.lowerBound].hasSuffix("_"), let counted = canonicalNumber(part[digits]),
        counted > 0
      {
        number = counted
        pattern[index] = part[..<digits.lowerBound].dropLast() + "#"
      } else {
        pattern[index] = part + "#"
      }
      if let rule = byLayer[pattern.joined(separator: ".")] {
        return rule.variables.map { $0.numbered(number) }
      }
    }
    return nil
  }

  private static func numbers(in text: String) -> [Range<String.Index>] {
    var found: [Range<String.Index>] = []
    var start: String.Index?
    for index in text.indices {
      if ("0"..."9").contains(text[index]) {
        start = start ?? index
      } else if let first = start {
        found.append(first..<index)
        start = nil
      }
    }
    if let start { found.append(start..<text.endIndex) }
    return found
  }
}

extension KerasRules.Variable {
  fileprivate func numbered(_ number: Int) -> Self {
    func filled(_ name: String) -> String {
      name.split(separator: "#", omittingEmptySubsequences: false).joined(separator: "\(number)")
    }
    return switch self {
    case .tensor(let transpose, let name): .tensor(transpose, filled(name))
    case .rows(let names): .rows(names.map(filled))
    case .derived: .derived
    }
  }
}

extension String {
  fileprivate func replacingSubrange(_ range: Range<Index>, with text: String) -> String {
    self[..<range.lowerBound] + text + self[range.upperBound...]
  }
}

// MARK: - Writing rules

extension KerasRules.Rule {
  /// A layer with a transposed kernel and an unchanged bias.
  private static func biased(
    _ layer: String, _ transpose: KerasTranspose, _ official: String
  ) -> Self {
    Self(
      layer: layer,
      variables: [.tensor(transpose, "\(official).weight"), .tensor(.same, "\(official).bias")])
  }

  static func dense(_ layer: String, _ official: String) -> Self {
    biased(layer, .matrix, official)
  }

  static func convolution(_ layer: String, _ official: String) -> Self {
    biased(layer, .kernel, official)
  }

  static func depthwise(_ layer: String, _ official: String) -> Self {
    biased(layer, .depthwiseKernel, official)
  }

  static func norm(_ layer: String, _ official: String) -> Self { biased(layer, .same, official) }

  /// A layer with one variable.
  static func single(_ layer: String, _ transpose: KerasTranspose, _ official: String) -> Self {
    Self(layer: layer, variables: [.tensor(transpose, official)])
  }

  /// The four projections of an attention layer.
  static func attention(
    _ layer: String, _ official: String, parts: [String] = ["q", "k", "v", "out"],
    suffix: String = ""
  ) -> [Self] {
    parts.map { .dense("\(layer)\($0)\(suffix)", "\(official).\($0)_proj") }
  }
}
