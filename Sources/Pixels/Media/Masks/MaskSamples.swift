import Bytes
import CImageCodecs

/// The pixels of a mask file, reduced to one value each, before their meaning is decided.
struct MaskSamples {
  /// The origin of the values.
  enum Form: Equatable {
    /// Palette indices, which are object numbers.
    case palette
    /// Gray levels up to `white`.
    case gray(white: Int)
    /// Indices into a list of colours, 0 for black.
    case colours([RGBColour])
  }

  let width: Int
  let height: Int
  private(set) var values: [UInt16]
  private(set) var form: Form
  private(set) var notices: [Notice] = []

  /// Failures as in `ImageReader.decode`; `mask.colours`.
  init(_ bytes: [UInt8], options: PictureOptions) throws(Failure) {
    guard try ImageReader.format(of: bytes) == .png else {
      let image = try ImageReader.decode(bytes, options: options)
      (width, height) = (image.width, image.height)
      (values, form) = ([], .gray(white: 255))
      try take(image.pixels.map(UInt16.init), channels: 3, white: 255, isLossy: true)
      return
    }
    var report = codec_report()
    let size = try ImageReader.size(
      of: bytes, format: .png, maximumPixels: options.maximumPixels)
    var layout = codec_png_read_layout(bytes, bytes.count, &report)
    try Codec.check(report, format: "PNG")
    layout.size = size
    (width, height) = (Int(size.width), Int(size.height))
    let channels = Int(layout.channels)
    var stored = [UInt16](repeating: 0, count: width * height * channels)
    codec_png_decode_stored(bytes, bytes.count, &layout, &stored, &report)
    try Codec.check(report, format: "PNG")
    (values, form) = ([], .gray(white: 255))
    if layout.is_palette != 0 {
      try take(palette: layout, stored)
    } else {
      try take(
        stored, channels: channels, white: (1 << Int(layout.depth)) - 1, isLossy: false)
    }
  }

  // MARK: - Palettes

  /// Indices are object numbers, unless the palette is a ramp of grays in another order, as written
  /// by programs that make pictures smaller.
  private mutating func take(palette layout: codec_png_layout, _ stored: [UInt16]) throws(Failure) {
    let entries = withUnsafeBytes(of: layout.palette) { bytes in
      (0..<Int(layout.palette_count)).map { Array(bytes[4 * $0..<4 * $0 + 4]) }
    }
    let used = Set(stored).sorted().map(Int.init)
    let isGray = used.allSatisfy { index in
      entries.indices.contains(index) && Set(entries[index].prefix(3)).count == 1
    }
    let areNumbers = used.allSatisfy { index in
      guard entries.indices.contains(index) else { return true }
      let colour = DAVISPalette.colour(of: index)
      return entries[index].prefix(3).elementsEqual([colour.red, colour.green, colour.blue])
        || entries[index].prefix(3).allSatisfy { Int($0) == index }
    }
    let isTransparent = used.contains { entries.indices.contains($0) && entries[$0][3] < 255 }
    guard used.count > 1, isGray, !areNumbers else {
      guard isTransparent, used.count > 1, !areNumbers else {
        (values, form) = (stored, .palette)
        return
      }
      try take(
        stored.flatMap { entries[Int($0)].map(UInt16.init) }, channels: 4, white: 255,
        isLossy: false)
      return
    }
    values = stored.map { UInt16(entries[Int($0)][0]) }
    notices.append(
      Notice(
        .reinterpreted, code: "mask.palette",
        "the palette is one of grays: pixels are read by their gray, not by their index"))
  }

  // MARK: - Channels

  /// Reduces pixels of one to four channels to one value each.
  private mutating func take(
    _ stored: [UInt16], channels: Int, white: Int, isLossy: Bool
  ) throws(Failure) {
    let pixels = MaskPixels(stored, channels: channels, white: white)
    form = .gray(white: white)
    if pixels.isCutOut {
      values = pixels.alphas
      notices.append(
        Notice(
          .reinterpreted, code: "mask.alpha",
          "the mask is read from the transparency: what is opaque is inside",
          hint: "save a picture without transparency to have its levels read"))
      return
    }
    if pixels.isGray(tolerance: isLossy ? white / 16 : 0) {
      values = pixels.levels
      return
    }
    let colours = try pixels.colours()
    guard !isLossy else {
      throw Failure(
        .badInput, code: "mask.colours",
        "the mask is a coloured picture whose format changes colours",
        hint: "save it as PNG, gray or with a palette")
    }
    (values, form) = (colours.values, .colours(colours.list))
  }
}
