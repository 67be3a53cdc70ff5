internal import Glibc
internal import Graph

// Position codes: small, and mostly computed once, when a program is loaded.

extension Executor {
  func fourierFeatures(_ step: Step) {
    let (source, matrix) = (pointer(step.operands[0]), pointer(step.operands[1]))
    let output = target(step)
    let features = step.operands[1].shape[1]
    forRows(step.operands[0].rows, grain: 256) { range, _ in
      for row in range {
        let (x, y) = (2 * source[row * 2] - 1, 2 * source[row * 2 + 1] - 1)
        for feature in 0..<features {
          let angle = 2 * Float.pi * (x * matrix[feature] + y * matrix[features + feature])
          output[row * 2 * features + feature] = sinf(angle)
          output[row * 2 * features + features + feature] = cosf(angle)
        }
      }
    }
  }

  func sineFeatures(_ step: Step, _ channels: Int, _ temperature: Float) {
    let (source, output) = (pointer(step.operands[0]), target(step))
    let half = channels / 2
    for row in 0..<step.operands[0].rows {
      for index in 0..<half {
        let angle = source[row] / powf(temperature, 2 * Float(index / 2) / Float(half))
        output[row * channels + index] = sinf(angle)
        output[row * channels + half + index] = cosf(angle)
      }
    }
  }

  func pixelGrid(_ step: Step, _ height: Int, _ width: Int) {
    let output = target(step)
    for y in 0..<height {
      for x in 0..<width {
        output[(y * width + x) * 2] = (Float(x) + 0.5) / Float(width)
        output[(y * width + x) * 2 + 1] = (Float(y) + 0.5) / Float(height)
      }
    }
  }

  /// Half of the channels code y, half x; within a half, sine and cosine alternate.
  func sineGrid(
    _ step: Step, _ height: Int, _ width: Int, _ channels: Int, _ temperature: Float
  ) {
    let output = target(step)
    let half = channels / 2
    let divisors = (0..<half).map { powf(temperature, 2 * Float($0 / 2) / Float(half)) }
    func code(_ position: Int, of size: Int, to target: UnsafeMutablePointer<Float>) {
      let angle = Float(position + 1) / (Float(size) + 1e-6) * (2 * Float.pi)
      for index in 0..<half {
        let value = angle / divisors[index]
        target[index] = index % 2 == 0 ? sinf(value) : cosf(value)
      }
    }
    forRows(height, grain: 4) { range, _ in
      for y in range {
        for x in 0..<width {
          let pixel = output + (y * width + x) * channels
          code(y, of: height, to: pixel)
          code(x, of: width, to: pixel + half)
        }
      }
    }
  }

  func rotaryTable(_ step: Step, _ p: RotaryTable) {
    let output = target(step)
    let half = p.pairs / 2
    let frequencies = (0..<half).map { 1 / powf(p.theta, Float(4 * $0) / Float(2 * p.pairs)) }
    func entry(_ angle: Float) -> Float {
      switch p.part {
      case .cosine: cosf(angle)
      case .sine: sinf(angle)
      }
    }
    forRows(p.height, grain: 4) { range, _ in
      for y in range {
        for x in 0..<p.width {
          let row = output + (y * p.width + x) * p.pairs
          for index in 0..<half {
            row[index] = entry(Float(x) * frequencies[index])
            row[half + index] = entry(Float(y) * frequencies[index])
          }
        }
      }
    }
  }

  func fill(_ step: Step, _ value: Float) {
    target(step).update(repeating: value, count: step.result.elementCount)
  }
}
