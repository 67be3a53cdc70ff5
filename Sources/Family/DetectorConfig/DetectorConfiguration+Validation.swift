public import Bytes

extension DetectorConfiguration {
  /// Checks everything the graphs and the detector rely on, so that values from a file cannot break
  /// them.
  /// - Throws: `config.value`.
  public func validate() throws(Failure) {
    for (name, value, range) in [
      ("image size", imageSize, 16...4096), ("patch size", patchSize, 4...64),
      ("number of text tokens", tokenCount, 4...256),
      ("vocabulary", vocabularyCount, 515...(1 << 20)), ("query width", queryWidth, 4...8192),
    ] {
      try require(range.contains(value), "the \(name) is \(value), not in \(range)")
    }
    try require(
      imageSize % patchSize == 0,
      "the image size \(imageSize) is not a multiple of the patch size \(patchSize)")
    try text.validate("text")
    try vision.validate("vision")
    try require(pixelMean.count == 3 && pixelStd.count == 3, "mean and std need three numbers")
    try require(
      pixelMean.allSatisfy { $0.magnitude < 1e6 } && pixelStd.allSatisfy { $0 > 0 && $0 < 1e6 },
      "means must be small, and standard deviations positive")
  }
}

extension DetectorConfiguration.Tower {
  fileprivate func validate(_ tower: String) throws(Failure) {
    for (name, value, range) in [
      ("width", width, 4...8192), ("number of layers", layers, 1...128),
      ("number of heads", heads, 1...128), ("MLP width", feedforward, 1...65536),
    ] {
      try require(
        range.contains(value), "the \(tower) tower's \(name) is \(value), not in \(range)")
    }
    try require(
      width % heads == 0, "the \(tower) tower's width \(width) does not fit \(heads) heads")
    try require(normEpsilon > 0 && normEpsilon < 1, "the \(tower) tower's epsilon is out of range")
  }
}

private func require(_ condition: Bool, _ message: @autoclosure () -> String) throws(Failure) {
  if !condition {
    throw Failure(.badInput, code: "config.value", message(), place: "configuration")
  }
}
