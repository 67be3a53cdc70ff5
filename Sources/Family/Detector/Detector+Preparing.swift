import DetectorConfig
public import Media
public import Tensors

extension Detector {
  /// Pixels [1, S, S, 3] of `picture` as the detector was trained to see it.
  ///
  /// OWLv2's pictures are padded to a square; OWL-ViT's are stretched to one, in 8 bits.
  public func pixels(of picture: RGBImage) -> Tensor {
    let side = configuration.imageSize
    let mean = configuration.pixelMean.map { Float($0) }
    let deviation = configuration.pixelStd.map { Float($0) }
    return Tensor(dtype: .float32, shape: [1, side, side, 3], pool: pool) { bytes in
      let output = bytes.bindMemory(to: Float.self)
      if configuration.kind.padsPictures {
        Resizer.paddedSquare(
          picture, into: output, side: side, mean: mean, standardDeviation: deviation)
      } else {
        Resizer.likePIL(picture, width: side, height: side)
          .normalize(into: output, mean: mean, standardDeviation: deviation)
      }
    }
  }

  /// Sides of the square that the detector sees, in pixels of `picture`.
  func extent(of picture: RGBImage) -> (x: Float, y: Float) {
    let (width, height) = (Float(picture.width), Float(picture.height))
    return configuration.kind.padsPictures
      ? (max(width, height), max(width, height)) : (width, height)
  }
}
