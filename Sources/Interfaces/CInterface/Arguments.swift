import Bytes
import CSAM2
import Media

/// Values passed by C callers, checked and copied.
enum Arguments {
  /// Maximum pixels of one picture: some callers count their three bytes each in 32 bits.
  private static let maximumPixels = 1 << 30

  /// - Throws: `argument.null`, `argument.text`.
  static func text(_ pointer: UnsafePointer<CChar>?, _ noun: String) throws(Failure) -> String {
    guard let pointer else { throw .null(noun) }
    guard let text = String(validatingCString: pointer) else {
      throw Failure(.usage, code: "argument.text", "the \(noun) is not UTF-8")
    }
    return text
  }

  /// - Throws: `argument.value` unless `value` is one of `range`.
  static func number(
    _ value: Int32, _ name: String, in range: ClosedRange<Int>
  ) throws(Failure) -> Int {
    guard range.contains(Int(value)) else {
      throw .argument(
        "\(name) is \(value), not between \(range.lowerBound) and \(range.upperBound)")
    }
    return Int(value)
  }

  /// - Throws: `argument.value` unless `value` is 0 or 1.
  static func flag(_ value: Int32, _ name: String) throws(Failure) -> Bool {
    try number(value, name, in: 0...1) == 1
  }

  /// Copies the pixels of `pointer` as RGB.
  /// - Throws: `argument.*`.
  static func picture(_ pointer: UnsafePointer<sam2_image>?) throws(Failure) -> RGBImage {
    guard let pointer else { throw .null("image") }
    let image = try members(of: pointer, defaults: sam2_image())
    let (width, height) = try size(image.width, image.height, "image")
    let stride = try stride(image.stride, rowBytes: 3 * width, height: height, "image")
    let isReversed = try number(image.format, "the format of the image", in: 0...1) == 1
    guard let source = image.pixels else { throw .null("pixels of the image") }
    var picture = RGBImage(
      width: width, height: height,
      pixels: copied(source, rows: height, rowBytes: 3 * width, stride: stride))
    if isReversed { swapRedAndBlue(&picture.pixels) }
    return picture
  }

  /// Copies a mask.
  /// - Throws: `argument.*`.
  static func mask(_ mask: sam2_mask) throws(Failure) -> BinaryMask {
    let (width, height) = try size(mask.width, mask.height, "mask")
    let stride = try stride(mask.stride, rowBytes: width, height: height, "mask")
    guard let source = mask.pixels else { throw .null("pixels of the mask") }
    let bytes = copied(source, rows: height, rowBytes: width, stride: stride)
    return BinaryMask(width: width, height: height, bits: bytes.map { $0 != 0 })
  }

  /// Bytes from one row to the next: `given`, or `rowBytes` if that is 0.
  /// - Throws: `argument.value` for less than `rowBytes`, or for more than memory can hold.
  static func stride(
    _ given: Int, rowBytes: Int, height: Int, _ noun: String
  ) throws(Failure) -> Int {
    let stride = given == 0 ? rowBytes : given
    let (_, overflows) = stride.multipliedReportingOverflow(by: height)
    guard stride >= rowBytes, !overflows else {
      throw .argument(
        "the stride of the \(noun) is \(given) bytes, its rows have \(rowBytes)",
        hint: "give the distance from one row to the next, or 0 for rows without gaps")
    }
    return stride
  }

  private static func size(
    _ width: Int32, _ height: Int32, _ noun: String
  ) throws(Failure) -> (width: Int, height: Int) {
    // The product of two positive 32-bit numbers fits in Int.
    guard width > 0, height > 0, Int(width) * Int(height) <= maximumPixels else {
      throw .argument(
        "\(width)x\(height) is not the size of an \(noun == "image" ? noun : "image")")
    }
    return (Int(width), Int(height))
  }

  private static func copied(
    _ source: UnsafePointer<UInt8>, rows: Int, rowBytes: Int, stride: Int
  ) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: rows * rowBytes) { output, count in
      for row in 0..<rows {
        let bytes = UnsafeBufferPointer(start: source + row * stride, count: rowBytes)
        _ = UnsafeMutableBufferPointer(rebasing: output[(row * rowBytes)...]).initialize(
          from: bytes)
      }
      count = rows * rowBytes
    }
  }

  private static func swapRedAndBlue(_ pixels: inout [UInt8]) {
    pixels.withUnsafeMutableBufferPointer { pixels in
      for first in Swift.stride(from: 0, to: pixels.count, by: 3) {
        pixels.swapAt(first, first + 2)
      }
    }
  }
}
