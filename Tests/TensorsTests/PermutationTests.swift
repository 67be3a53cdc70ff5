import Bytes
import Tensors
import TestSupport
import Testing

@Suite struct PermutationTests {
  /// A tensor of `dtype` whose bytes count up, and each element of its permutation looked up by its
  /// indices.
  @Test(arguments: [DType.uint8, .float16, .float32, .float64])
  func elementsAreThoseOfTheirIndices(dtype: DType) throws {
    var random = SeededRandom(seed: 7)
    for _ in 0..<40 {
      let sizes = (0..<Int.random(in: 1...5, using: &random)).map { _ in
        Int.random(in: 1...6, using: &random)
      }
      let axes = sizes.indices.shuffled(using: &random)
      let tensor = Tensor(dtype: dtype, shape: Shape(sizes)) { bytes in
        for index in bytes.indices { bytes[index] = UInt8(truncatingIfNeeded: index &* 37) }
      }
      let permuted = tensor.permuted(axes)
      #expect(permuted.shape.dimensions == axes.map { sizes[$0] })
      let stored = tensor.withUnsafeBytes { Array($0) }
      let found = permuted.withUnsafeBytes { Array($0) }
      let width = dtype.byteCount
      for position in 0..<permuted.elementCount {
        let source = source(of: position, in: permuted.shape, axes, sizes)
        #expect(
          found[(position * width)..<((position + 1) * width)]
            .elementsEqual(stored[(source * width)..<((source + 1) * width)]))
      }
    }
  }

  /// Where the element at `position` of the permutation was.
  private func source(
    of position: Int, in shape: Shape, _ axes: [Int], _ sizes: [Int]
  ) -> Int {
    var rest = position
    var indices = [Int](repeating: 0, count: sizes.count)
    for axis in axes.indices.reversed() {
      indices[axes[axis]] = rest % shape[axis]
      rest /= shape[axis]
    }
    return zip(indices, sizes).reduce(0) { $0 * $1.1 + $1.0 }
  }

  @Test func whatChangesNothingIsNotCopied() {
    let tensor = Tensor([1, 2, 3, 4] as [Float], shape: [2, 2])
    #expect(tensor.permuted([0, 1]).storage === tensor.storage)
    #expect(tensor.permuted([1, 0]).floats() == [1, 3, 2, 4])
    #expect(Tensor([Float](), shape: [0, 3]).permuted([1, 0]).shape == [3, 0])
    #expect(Tensor([5] as [Float], shape: []).permuted([]).floats() == [5])
  }
}
