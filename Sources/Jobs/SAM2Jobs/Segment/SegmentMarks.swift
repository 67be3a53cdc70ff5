import Media
import SAM2

extension SegmentAnswer {
  /// Index in `masks` of the mask with the highest predicted IoU.
  var best: Int {
    predictedIoUs.indices.reduce(0) { predictedIoUs[$1] > predictedIoUs[$0] ? $1 : $0 }
  }
}

extension RequestedPrompt {
  /// The prompt as drawn on an overlay.
  var marks: [Overlay.Prompt] { Overlay.Prompt.marks(points: points, box: box) }
}

extension Overlay.Prompt {
  /// A box and clicks as drawn on an overlay.
  static func marks(points: [Prompt.Point], box: Prompt.Box?) -> [Overlay.Prompt] {
    var marks: [Overlay.Prompt] = []
    if let box {
      marks.append(
        .box(
          left: Double(box.x0), top: Double(box.y0), right: Double(box.x1), bottom: Double(box.y1)))
    }
    for point in points {
      marks.append(.point(x: Double(point.x), y: Double(point.y), isPositive: point.label == 1))
    }
    return marks
  }
}
