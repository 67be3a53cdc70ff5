extension VideoPredictor {
  /// Lets every object look on `frames` as on the annotated frame `frame`, as if it had been tracked
  /// there: fills the memory bank for measurements.
  package func repeatResult(of frame: Int, on frames: Range<Int>) {
    for index in objects.indices {
      guard let output = objects[index].conditioning[frame] else { continue }
      for other in frames {
        objects[index].recent[other] = output
        objects[index].tracked[other] = false
      }
    }
  }
}
