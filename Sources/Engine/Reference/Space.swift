import Graph

/// Operators on the height and width of [B, H, W, C].
enum Space {
  static func maxPool(_ x: ReferenceValue, _ window: Int, _ shape: [Int]) -> ReferenceValue {
    let pixels = Pixels(x)
    return Pixels.make(shape) { image, row, column, channel in
      var largest = -Double.infinity
      for y in (row * window)..<((row + 1) * window) {
        for xColumn in (column * window)..<((column + 1) * window) {
          largest = max(largest, pixels[image, y, xColumn, channel])
        }
      }
      return largest
    }
  }

  static func averagePool(_ x: ReferenceValue, _ window: Int, _ shape: [Int]) -> ReferenceValue {
    let pixels = Pixels(x)
    return Pixels.make(shape) { image, row, column, channel in
      var sum = 0.0
      for y in (row * window)..<((row + 1) * window) {
        for xColumn in (column * window)..<((column + 1) * window) {
          sum += pixels[image, y, xColumn, channel]
        }
      }
      return sum / Double(window * window)
    }
  }

  /// Result [B * windows, window, window, C]; windows in row-major order within each image.
  static func windowPartition(
    _ x: ReferenceValue, _ window: Int, _ shape: [Int]
  ) -> ReferenceValue {
    let pixels = Pixels(x)
    let grid = WindowGrid(height: x.shape[1], width: x.shape[2], window: window)
    return Pixels.make(shape) { index, row, column, channel in
      let (image, place) = index.quotientAndRemainder(dividingBy: grid.count)
      let y = place / grid.columns * window + row
      let xColumn = place % grid.columns * window + column
      let isInside = y < x.shape[1] && xColumn < x.shape[2]
      return isInside ? pixels[image, y, xColumn, channel] : 0
    }
  }

  static func windowMerge(_ x: ReferenceValue, _ window: Int, _ shape: [Int]) -> ReferenceValue {
    let pixels = Pixels(x)
    let grid = WindowGrid(height: shape[1], width: shape[2], window: window)
    return Pixels.make(shape) { image, row, column, channel in
      let place = row / window * grid.columns + column / window
      return pixels[image * grid.count + place, row % window, column % window, channel]
    }
  }
}

/// Windows that cover a plane, the last ones reaching beyond it.
private struct WindowGrid {
  let columns: Int
  let count: Int

  init(height: Int, width: Int, window: Int) {
    columns = (width + window - 1) / window
    count = columns * ((height + window - 1) / window)
  }
}

/// Elements of [B, H, W, C] by position.
struct Pixels {
  private let value: ReferenceValue

  init(_ value: ReferenceValue) { self.value = value }

  subscript(image: Int, row: Int, column: Int, channel: Int) -> Double {
    let shape = value.shape
    return value.values[((image * shape[1] + row) * shape[2] + column) * shape[3] + channel]
  }

  /// A value of `shape` whose elements `element` computes.
  static func make(
    _ shape: [Int], element: (_ image: Int, _ row: Int, _ column: Int, _ channel: Int) -> Double
  ) -> ReferenceValue {
    var values: [Double] = []
    for image in 0..<shape[0] {
      for row in 0..<shape[1] {
        for column in 0..<shape[2] {
          for channel in 0..<shape[3] { values.append(element(image, row, column, channel)) }
        }
      }
    }
    return ReferenceValue(shape, values)
  }
}
