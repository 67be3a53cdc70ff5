public import Bytes

/// A picture in memory: 8-bit RGB, row by row without padding.
public struct RGBImage: Sendable, Equatable {
  public let width: Int
  public let height: Int
  /// [height, width, 3].
  public var pixels: [UInt8]
  /// The EXIF orientation (1...8) applied on reading; 1 if the pixels are as stored.
  public var appliedOrientation = 1
  /// Notices about omissions and choices when reading.
  public var notices: [Notice] = []

  /// `pixels` must hold 3 * width * height bytes.
  public init(width: Int, height: Int, pixels: [UInt8]) {
    precondition(width > 0 && height > 0 && pixels.count == 3 * width * height)
    self.width = width
    self.height = height
    self.pixels = pixels
  }

  /// A picture filled with one colour.
  public init(width: Int, height: Int, filledWith colour: RGBColour = .black) {
    var pixels = [UInt8](repeating: 0, count: 3 * width * height)
    if colour != .black {
      for i in 0..<width * height {
        pixels[3 * i] = colour.red
        pixels[3 * i + 1] = colour.green
        pixels[3 * i + 2] = colour.blue
      }
    }
    self.init(width: width, height: height, pixels: pixels)
  }

  /// The pixel in column `x` of row `y`, both inside the picture.
  public subscript(x: Int, y: Int) -> RGBColour {
    get {
      let i = 3 * (y * width + x)
      return RGBColour(pixels[i], pixels[i + 1], pixels[i + 2])
    }
    set {
      let i = 3 * (y * width + x)
      pixels[i] = newValue.red
      pixels[i + 1] = newValue.green
      pixels[i + 2] = newValue.blue
    }
  }

  /// (value / 255 - mean) / deviation as floats, [height, width, 3].
  public func normalized(mean: [Float], standardDeviation: [Float]) -> [Float] {
    [Float](unsafeUninitializedCapacity: pixels.count) { output, count in
      normalize(into: output, mean: mean, standardDeviation: standardDeviation)
      count = pixels.count
    }
  }

  /// As `normalized`, into the caller's buffer of at least 3 * width * height floats.
  public func normalize(
    into output: UnsafeMutableBufferPointer<Float>, mean: [Float], standardDeviation: [Float]
  ) {
    let tables = NormalizationTables(mean: mean, standardDeviation: standardDeviation)
    pixels.withUnsafeBufferPointer { tables.apply(to: $0, into: output) }
  }
}

/// An 8-bit RGB colour.
public struct RGBColour: Sendable, Hashable {
  public var red: UInt8
  public var green: UInt8
  public var blue: UInt8

  public static let black = RGBColour(0, 0, 0)
  public static let white = RGBColour(255, 255, 255)

  public init(_ red: UInt8, _ green: UInt8, _ blue: UInt8) {
    self.red = red
    self.green = green
    self.blue = blue
  }
}
