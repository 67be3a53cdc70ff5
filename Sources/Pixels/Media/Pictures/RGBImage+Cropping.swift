extension RGBImage {
  /// The part of `width` x `height` pixels whose first pixel is in column `left` of row `top`.
  ///
  /// It must be inside the picture.
  public func cropped(left: Int, top: Int, width: Int, height: Int) -> RGBImage {
    precondition(left >= 0 && top >= 0 && width > 0 && height > 0)
    precondition(left + width <= self.width && top + height <= self.height)
    if width == self.width, height == self.height { return self }
    var part: [UInt8] = []
    part.reserveCapacity(3 * width * height)
    for y in top..<top + height {
      let start = 3 * (y * self.width + left)
      part += pixels[start..<start + 3 * width]
    }
    return RGBImage(width: width, height: height, pixels: part)
  }
}
