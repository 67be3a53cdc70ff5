/// A size known only when a graph is bound to its inputs, for example "objects".
public struct Symbol: Hashable, Sendable, Comparable {
  public let name: String

  public init(_ name: String) { self.name = name }

  public static func < (a: Symbol, b: Symbol) -> Bool { a.name < b.name }
}

/// Size of an axis: a constant plus whole multiples of symbols, such as `4 * pointers + 6`.
public struct Dim: Hashable, Sendable {
  /// One `coefficient * symbol`; coefficients are never zero.
  public struct Term: Hashable, Sendable {
    public let symbol: Symbol
    public let coefficient: Int

    public init(symbol: Symbol, coefficient: Int) {
      self.symbol = symbol
      self.coefficient = coefficient
    }
  }

  public let constant: Int
  /// Sorted by symbol; each symbol appears once.
  public let terms: [Term]

  public init(constant: Int, terms: [Term] = []) {
    var sums: [Symbol: Int] = [:]
    for term in terms { sums[term.symbol, default: 0] += term.coefficient }
    self.constant = constant
    self.terms = sums.filter { $0.value != 0 }.sorted { $0.key < $1.key }
      .map { Term(symbol: $0.key, coefficient: $0.value) }
  }

  /// The size of a symbol itself.
  public init(_ symbol: Symbol) {
    self.init(constant: 0, terms: [Term(symbol: symbol, coefficient: 1)])
  }

  /// The value if there are no symbols, else nil.
  public var fixed: Int? { terms.isEmpty ? constant : nil }

  /// The value under `bindings`, or nil when a symbol is unbound or the sum exceeds 64 bits.
  public func value(_ bindings: [Symbol: Int]) -> Int? {
    var sum = constant
    for term in terms {
      guard let size = bindings[term.symbol] else { return nil }
      let (part, overflow) = term.coefficient.multipliedReportingOverflow(by: size)
      let (total, carry) = sum.addingReportingOverflow(part)
      guard !overflow, !carry else { return nil }
      sum = total
    }
    return sum
  }

  public static func + (a: Dim, b: Dim) -> Dim {
    Dim(constant: a.constant + b.constant, terms: a.terms + b.terms)
  }

  public static func * (a: Dim, factor: Int) -> Dim {
    Dim(
      constant: a.constant * factor,
      terms: a.terms.map { Term(symbol: $0.symbol, coefficient: $0.coefficient * factor) })
  }
}

extension Dim: ExpressibleByIntegerLiteral {
  public init(integerLiteral value: Int) { self.init(constant: value) }
}

extension Dim: CustomStringConvertible {
  public var description: String {
    var parts = terms.map {
      $0.coefficient == 1 ? $0.symbol.name : "\($0.coefficient)*\($0.symbol.name)"
    }
    if constant != 0 || parts.isEmpty { parts.append(String(constant)) }
    return parts.joined(separator: "+")
  }
}

extension [Dim] {
  /// Whether both products are equal, found by cancelling equal factors and multiplying the fixed
  /// ones; an exact polynomial is not needed.
  func hasSameProduct(as other: [Dim]) -> Bool {
    guard let a = canonicalFactors, let b = other.canonicalFactors else { return false }
    return a.constant == b.constant && a.symbolic == b.symbolic
  }

  /// Fixed factors multiplied together, and symbolic factors, each divided by the greatest common
  /// divisor of its parts, with their counts.
  ///
  /// Nil if the product of the fixed factors exceeds 64 bits.
  private var canonicalFactors: (constant: Int, symbolic: [Dim: Int])? {
    var constant = 1
    var symbolic: [Dim: Int] = [:]
    func multiply(_ factor: Int) -> Bool {
      let (product, overflow) = constant.multipliedReportingOverflow(by: factor)
      constant = product
      return !overflow
    }
    for dim in self {
      if let fixed = dim.fixed {
        guard multiply(fixed) else { return nil }
        continue
      }
      let divisor = dim.terms.reduce(abs(dim.constant)) {
        greatestCommonDivisor($0, abs($1.coefficient))
      }
      guard multiply(divisor) else { return nil }
      let primitive = Dim(
        constant: dim.constant / divisor,
        terms: dim.terms.map { .init(symbol: $0.symbol, coefficient: $0.coefficient / divisor) })
      symbolic[primitive, default: 0] += 1
    }
    return (constant, symbolic)
  }
}

private func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int {
  b == 0 ? a : greatestCommonDivisor(b, a % b)
}
