extension Resizer {
  /// A picture padded to a square with black pixels on the right and below, resized to `side` with
  /// a blur and a bilinear zoom, then (value - mean) / deviation.
  ///
  /// OWLv2 was trained with this preprocessing (scikit-image's `resize` with antialiasing), and
  /// `Owlv2ImageProcessorPil` of `transformers` does the same; its torchvision variant cuts off the
  /// blur at three deviations and does not mirror when zooming. Output [side, side, 3].
  public static func paddedSquare(
    _ image: RGBImage, into output: UnsafeMutableBufferPointer<Float>, side: Int, mean: [Float],
    standardDeviation: [Float]
  ) {
    precondition(side > 0 && output.count >= side * side * 3)
    let full = max(image.width, image.height)
    let columns = FilterTaps.scipyZoom(from: full, known: image.width, to: side)
    let rows = FilterTaps.scipyZoom(from: full, known: image.height, to: side)
    let tables = NormalizationTables(mean: [0, 0, 0], standardDeviation: [1, 1, 1])
    let narrow = [Float](unsafeUninitializedCapacity: image.height * side * 3) { narrow, count in
      image.pixels.withUnsafeBufferPointer { pixels in
        ResizeLoops.alongRows(
          pixels, width: image.width, height: image.height, table: tables.red, taps: columns,
          into: narrow)
      }
      count = image.height * side * 3
    }
    narrow.withUnsafeBufferPointer { narrow in
      ResizeLoops.alongColumns(narrow, rowLength: side * 3, taps: rows, into: output)
    }
    ResizeLoops.normalize(
      UnsafeMutableBufferPointer(rebasing: output[..<(side * side * 3)]), mean: mean,
      standardDeviation: standardDeviation)
  }
}
