public import Bytes

/// Sizes of a tensor's axes, outermost first.
///
/// Empty for a scalar.
public struct Shape: Hashable, Sendable, ExpressibleByArrayLiteral {
  public let dimensions: [Int]
  /// Product of the dimensions; 1 for a scalar.
  public let elementCount: Int

  /// Maximum number of axes in a tensor.
  public static let maximumRank = 8
  /// Maximum number of elements in a tensor.
  public static let maximumElementCount = 1 << 40

  /// Creates a shape from untrusted dimensions.
  /// - Throws: `tensor.rank`, `tensor.shape` when an axis is negative or the product too large.
  public init(checking dimensions: [Int]) throws(Failure) {
    guard dimensions.count <= Shape.maximumRank else {
      throw Failure(
        .badInput, code: "tensor.rank",
        "a tensor has \(dimensions.count) axes; at most \(Shape.maximumRank) are supported")
    }
    var count = 1
    for size in dimensions {
      let (product, overflow) = count.multipliedReportingOverflow(by: size)
      guard size >= 0, !overflow, product <= Shape.maximumElementCount else {
        throw Failure(.badInput, code: "tensor.shape", "impossible tensor shape \(dimensions)")
      }
      count = product
    }
    self.dimensions = dimensions
    self.elementCount = count
  }

  /// Creates a shape from dimensions that the program itself computed.
  public init(_ dimensions: [Int]) {
    precondition(dimensions.allSatisfy { $0 >= 0 }, "negative dimension")
    self.dimensions = dimensions
    self.elementCount = dimensions.reduce(1, *)
  }

  public init(arrayLiteral elements: Int...) { self.init(elements) }

  public var rank: Int { dimensions.count }

  public subscript(axis: Int) -> Int { dimensions[axis < 0 ? dimensions.count + axis : axis] }
}

extension Shape: CustomStringConvertible {
  public var description: String {
    "[" + dimensions.map(String.init).joined(separator: ", ") + "]"
  }
}
