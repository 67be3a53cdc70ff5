import Tensors

/// Fills small holes in masks: `fill_holes_in_mask_scores` of the reference, which needs CUDA there.
enum HoleFilling {
  /// Logit given to the pixels of a filled hole: just inside.
  static let filledLogit: Float = 0.1

  /// Raises the small holes of `logits` [height, width] to 0.1.
  ///
  /// A hole is a component of the background (logits <= 0, joined over edges and corners) of at
  /// most `maximumArea` pixels. 0 changes nothing.
  static func fill(_ logits: Tensor, maximumArea: Int) -> Tensor {
    guard maximumArea > 0 else { return logits }
    var values = logits.floats()
    let (height, width) = (logits.shape[-2], logits.shape[-1])
    fill(&values, height: height, width: width, maximumArea: maximumArea)
    return Tensor(values, shape: logits.shape)
  }

  static func fill(_ values: inout [Float], height: Int, width: Int, maximumArea: Int) {
    var isOpen = values.map { $0 <= 0 }
    var component: [Int] = []
    for start in isOpen.indices where isOpen[start] {
      collect(from: start, &isOpen, height: height, width: width, into: &component)
      guard component.count <= maximumArea else { continue }
      for index in component { values[index] = filledLogit }
    }
  }

  /// Puts the pixels joined with `start` into `component`, and closes them.
  private static func collect(
    from start: Int, _ isOpen: inout [Bool], height: Int, width: Int, into component: inout [Int]
  ) {
    component.removeAll(keepingCapacity: true)
    component.append(start)
    isOpen[start] = false
    var next = 0
    while next < component.count {
      let (y, x) = component[next].quotientAndRemainder(dividingBy: width)
      next += 1
      for row in max(y - 1, 0)...min(y + 1, height - 1) {
        for index in row * width + max(x - 1, 0)...row * width + min(x + 1, width - 1)
        where isOpen[index] {
          isOpen[index] = false
          component.append(index)
        }
      }
    }
  }
}
