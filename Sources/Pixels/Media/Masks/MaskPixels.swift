import Bytes

/// The stored channels of a mask without a palette: 1 gray, 2 gray and alpha, 3 RGB, 4 RGBA.
struct MaskPixels {
  private let stored: [UInt16]
  private let channels: Int
  private let white: Int

  /// Limits on the values inside a mask, and on the colours of a drawing.
  private static let manyValues = 16
  private static let colourLimit = 255

  init(_ stored: [UInt16], channels: Int, white: Int) {
    (self.stored, self.channels, self.white) = (stored, channels, white)
  }

  private var count: Int { stored.count / channels }
  private var hasAlpha: Bool { channels % 2 == 0 }

  private func alpha(_ pixel: Int) -> Int {
    hasAlpha ? Int(stored[channels * (pixel + 1) - 1]) : white
  }

  private func colour(_ pixel: Int) -> (red: UInt16, green: UInt16, blue: UInt16) {
    let start = channels * pixel
    return channels < 3
      ? (stored[start], stored[start], stored[start])
      : (stored[start], stored[start + 1], stored[start + 2])
  }

  private func key(_ pixel: Int) -> UInt64 {
    let (red, green, blue) = colour(pixel)
    return UInt64(red) << 32 | UInt64(green) << 16 | UInt64(blue)
  }

  // MARK: - Transparency

  var alphas: [UInt16] { (0..<count).map { UInt16(alpha($0)) } }

  /// Whether the transparency is the mask: there is some, and the visible part either has a single
  /// colour, as from a brush, or is a cut-out picture.
  var isCutOut: Bool {
    guard hasAlpha else { return false }
    var visible: Set<UInt64> = []
    var hasHole = false
    for pixel in 0..<count {
      let alpha = alpha(pixel)
      if alpha < white { hasHole = true }
      if alpha > 0, visible.count <= MaskPixels.manyValues { visible.insert(key(pixel)) }
    }
    return hasHole && (visible.count == 1 || visible.count > MaskPixels.manyValues)
  }

  // MARK: - Gray

  /// Whether the channels of each visible pixel differ by at most `tolerance`.
  func isGray(tolerance: Int) -> Bool {
    guard channels > 2 else { return true }
    return (0..<count).allSatisfy { pixel in
      let (red, green, blue) = colour(pixel)
      let spread = Int(max(red, green, blue)) - Int(min(red, green, blue))
      return spread <= tolerance || alpha(pixel) == 0
    }
  }

  /// The gray level of each pixel, blended over black where it is not opaque.
  var levels: [UInt16] {
    (0..<count).map { pixel in
      let (red, green, blue) = colour(pixel)
      let level = (Int(red) + 2 * Int(green) + Int(blue)) / 4
      return UInt16(hasAlpha ? level * alpha(pixel) / white : level)
    }
  }

  // MARK: - Colours

  /// The index of each pixel's colour in a list that begins with black; pixels more than half
  /// transparent also count as black.
  ///
  /// Colours of the DAVIS palette keep their numbers from there; others are ordered by red, green
  /// and blue.
  /// Failures: `mask.colours`.
  func colours() throws(Failure) -> (values: [UInt16], list: [RGBColour]) {
    var keys: Set<UInt64> = []
    for pixel in 0..<count where 2 * alpha(pixel) >= white {
      keys.insert(key(pixel))
      guard keys.count <= MaskPixels.colourLimit + 1 else {
        throw failure("more than \(MaskPixels.colourLimit) colours, as with soft edges or a photo")
      }
    }
    let hasBackground = keys.remove(0) != nil || (0..<count).contains { 2 * alpha($0) < white }
    guard hasBackground else {
      throw failure("\(keys.count) colours and no black or transparent background")
    }
    let palette = Dictionary(
      (1..<256).map { (self.key(of: DAVISPalette.colour(of: $0)), $0) }, uniquingKeysWith: min)
    let known = keys.compactMap { palette[$0] }
    let numbers: [UInt64: Int] =
      known.count == keys.count
      ? palette
      : Dictionary(
        uniqueKeysWithValues: keys.sorted().enumerated().map { ($1, $0 + 1) })
    var list = [RGBColour](repeating: .black, count: 256)
    for key in keys { if let number = numbers[key] { list[number] = shown(key) } }
    let values = (0..<count).map { pixel -> UInt16 in
      2 * alpha(pixel) < white ? 0 : UInt16(numbers[key(pixel)] ?? 0)
    }
    return (values, list)
  }

  private func key(of colour: RGBColour) -> UInt64 {
    let scale = UInt64(white / 255)
    return UInt64(colour.red) * scale << 32 | UInt64(colour.green) * scale << 16
      | UInt64(colour.blue) * scale
  }

  private func shown(_ key: UInt64) -> RGBColour {
    func byte(_ shift: UInt64) -> UInt8 {
      UInt8(truncatingIfNeeded: Int(key >> shift & 0xFFFF) * 255 / white)
    }
    return RGBColour(byte(32), byte(16), byte(0))
  }

  private func failure(_ what: String) -> Failure {
    Failure(
      .badInput, code: "mask.colours", "the mask has \(what)",
      hint: "save it as gray, white on the object and black elsewhere, or with a palette whose "
        + "indices are the numbers of objects")
  }
}
