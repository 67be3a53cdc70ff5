extension VideoPredictor {
  /// Copies each object's result on the annotated frame `frame` to `frames`, as if it had been
  /// tracked there, to fill the memory bank for measurements.
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
