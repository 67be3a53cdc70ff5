import Graph

extension Products {
  /// x [B, H, W, C], weight [O, C / groups, kernel, kernel]; zeros beyond the border.
  static func conv2d(
    _ operands: [ReferenceValue], _ p: Convolution, _ shape: [Int]
  ) -> ReferenceValue {
    let (x, weight) = (operands[0], operands[1])
    let bias = p.hasBias ? operands[2] : nil
    let (height, width, channels) = (x.shape[1], x.shape[2], x.shape[3])
    // Groups are 1 (every output sees every channel) or C (output o sees channel o alone).
    let depth = weight.shape[1]
    var values: [Double] = []
    for image in 0..<shape[0] {
      for row in 0..<shape[1] {
        for column in 0..<shape[2] {
          for output in 0..<shape[3] {
            var sum = bias?.values[output] ?? 0
            for ky in 0..<p.kernel {
              let y = row * p.stride + ky - p.padding
              guard y >= 0, y < height else { continue }
              for kx in 0..<p.kernel {
                let xColumn = column * p.stride + kx - p.padding
                guard xColumn >= 0, xColumn < width else { continue }
                let pixel = ((image * height + y) * width + xColumn) * channels
                let first = p.groups == 1 ? 0 : output
                for c in 0..<depth {
                  let tap = ((output * depth + c) * p.kernel + ky) * p.kernel + kx
                  sum += x.values[pixel + first + c] * weight.values[tap]
                }
              }
            }
            values.append(sum)
          }
        }
      }
    }
    return ReferenceValue(shape, values)
  }

  /// x [B, H, W, C], weight [C, O, stride, stride], bias [O]: each pixel becomes a cell of
  /// stride x stride pixels; cells do not overlap.
  static func convTranspose2d(
    _ operands: [ReferenceValue], _ stride: Int, _ shape: [Int]
  ) -> ReferenceValue {
    let (x, weight, bias) = (operands[0], operands[1], operands[2])
    let (height, width, channels) = (x.shape[1], x.shape[2], x.shape[3])
    let outputs = shape[3]
    var values: [Double] = []
    for image in 0..<shape[0] {
      for row in 0..<shape[1] {
        for column in 0..<shape[2] {
          let pixel = ((image * height + row / stride) * width + column / stride) * channels
          let (ky, kx) = (row % stride, column % stride)
          for output in 0..<outputs {
            var sum = bias.values[output]
            for c in 0..<channels {
              let tap = ((c * outputs + output) * stride + ky) * stride + kx
              sum += x.values[pixel + c] * weight.values[tap]
            }
            values.append(sum)
          }
        }
      }
    }
    return ReferenceValue(shape, values)
  }
}
