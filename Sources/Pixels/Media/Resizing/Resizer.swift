/// The three resizers of the SAM 2 reference, each reproducing the original's computation.
///
/// They differ in filter, arithmetic and rounding, and the masks depend on which one is used:
/// `antialiased` is for pictures, `likePIL` for video frames, and `bilinear` for mask logits.
public enum Resizer {
  /// PyTorch's antialiased bilinear resizing of value / 255, then (value - mean) / deviation.
  ///
  /// This is `torchvision.transforms.Resize` on a float tensor, followed by `Normalize`:
  /// `interpolate(mode: bilinear, antialias: true, align_corners: false)`, a triangle filter as
  /// wide as the scale, along rows first. Output [height, width, 3].
  public static func antialiased(
    _ image: RGBImage, width: Int, height: Int, mean: [Float], standardDeviation: [Float]
  ) -> [Float] {
    [Float](unsafeUninitializedCapacity: height * width * 3) { output, count in
      antialiased(
        image, into: output, width: width, height: height, mean: mean,
        standardDeviation: standardDeviation)
      count = height * width * 3
    }
  }

  /// As `antialiased` above, into the caller's buffer of at least 3 * width * height floats.
  public static func antialiased(
    _ image: RGBImage, into output: UnsafeMutableBufferPointer<Float>, width: Int, height: Int,
    mean: [Float], standardDeviation: [Float]
  ) {
    precondition(width > 0 && height > 0 && output.count >= height * width * 3)
    if width == image.width, height == image.height {
      image.normalize(into: output, mean: mean, standardDeviation: standardDeviation)
      return
    }
    let columns = FilterTaps.torchBilinear(from: image.width, to: width)
    let rows = FilterTaps.torchBilinear(from: image.height, to: height)
    let tables = NormalizationTables(mean: [0, 0, 0], standardDeviation: [1, 1, 1])
    let narrow = [Float](unsafeUninitializedCapacity: image.height * width * 3) { narrow, count in
      image.pixels.withUnsafeBufferPointer { pixels in
        ResizeLoops.alongRows(
          pixels, width: image.width, height: image.height, table: tables.red, taps: columns,
          into: narrow)
      }
      count = image.height * width * 3
    }
    narrow.withUnsafeBufferPointer { narrow in
      ResizeLoops.alongColumns(narrow, rowLength: width * 3, taps: rows, into: output)
    }
    ResizeLoops.normalize(
      UnsafeMutableBufferPointer(rebasing: output[..<(height * width * 3)]), mean: mean,
      standardDeviation: standardDeviation)
  }

  /// Pillow's `Image.resize((width, height))`: bicubic with a = -0.5, antialiased, in two passes
  /// with 8-bit fixed point; bit-exact with Pillow 13.
  public static func likePIL(_ image: RGBImage, width: Int, height: Int) -> RGBImage {
    precondition(width > 0 && height > 0)
    // Pillow 13 starts with the columns when the height shrinks by much more than the width;
    // earlier versions always started with the rows. The order matters, because each pass rounds.
    let shrinksMostlyInHeight =
      height < image.height && image.height - height > 2 * (image.width - width)
    var result =
      shrinksMostlyInHeight
      ? filterRows(filterColumns(image, height: height), width: width)
      : filterColumns(filterRows(image, width: width), height: height)
    result.appliedOrientation = image.appliedOrientation
    return result
  }

  private static func filterRows(_ image: RGBImage, width: Int) -> RGBImage {
    guard width != image.width else { return image }
    let taps = FilterTaps.pillowBicubic(from: image.width, to: width)
    let byteCount = image.height * width * 3
    let pixels = [UInt8](unsafeUninitializedCapacity: byteCount) { output, count in
      image.pixels.withUnsafeBufferPointer {
        ResizeLoops.alongRows(
          $0, width: image.width, height: image.height, taps: taps, into: output)
      }
      count = byteCount
    }
    return RGBImage(width: width, height: image.height, pixels: pixels)
  }

  private static func filterColumns(_ image: RGBImage, height: Int) -> RGBImage {
    guard height != image.height else { return image }
    let taps = FilterTaps.pillowBicubic(from: image.height, to: height)
    let byteCount = height * image.width * 3
    let pixels = [UInt8](unsafeUninitializedCapacity: byteCount) { output, count in
      image.pixels.withUnsafeBufferPointer {
        ResizeLoops.alongColumns($0, rowLength: image.width * 3, taps: taps, into: output)
      }
      count = byteCount
    }
    return RGBImage(width: image.width, height: height, pixels: pixels)
  }

  /// PyTorch's `interpolate(mode: bilinear, align_corners: false)` for one float map.
  ///
  /// Matches PyTorch's kernel, up to the last bit of the sums, for outputs whose sides add up to
  /// more than 128; for smaller outputs PyTorch uses another kernel, which rounds positions
  /// differently. `plane` is [fromHeight, fromWidth], the result [height, width].
  public static func bilinear(
    _ plane: [Float], fromWidth: Int, fromHeight: Int, width: Int, height: Int
  ) -> [Float] {
    precondition(plane.count == fromWidth * fromHeight)
    return [Float](unsafeUninitializedCapacity: width * height) { output, count in
      plane.withUnsafeBufferPointer {
        bilinear(
          $0, fromWidth: fromWidth, fromHeight: fromHeight, into: output, width: width,
          height: height)
      }
      count = width * height
    }
  }

  /// As `bilinear` above, between the caller's buffers.
  public static func bilinear(
    _ plane: UnsafeBufferPointer<Float>, fromWidth: Int, fromHeight: Int,
    into output: UnsafeMutableBufferPointer<Float>, width: Int, height: Int
  ) {
    precondition(output.count >= width * height)
    let enlarged = EnlargedPlane(
      fromWidth: fromWidth, fromHeight: fromHeight, width: width, height: height)
    guard let start = output.baseAddress else { return }
    enlarged.forRows(plane) { y, upper, lower, share in
      ResizeLoops.blend(upper, lower, share: share, count: width, into: start + y * width)
    }
  }
}
