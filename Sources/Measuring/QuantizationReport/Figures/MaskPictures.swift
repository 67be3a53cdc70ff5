internal import Bytes
internal import Comparison
internal import Media

/// One example as three pictures: each model's mask, and where they differ.
struct MaskPictures {
  private let example: MaskExample

  init(_ example: MaskExample) { self.example = example }

  /// Colours that colour-blind people can distinguish (Okabe and Ito), on a colourless picture.
  private static let onlyReference = RGBColour(86, 180, 233)
  private static let onlyCandidate = RGBColour(230, 159, 0)
  private static let both = RGBColour(190, 190, 190)
  private static let quality = 82
  /// All objects use the same palette colour, so that outlines are compared rather than colours.
  private static let identifier = 3

  /// - Throws: anything thrown by the JPEG encoder.
  func markup() throws(Failure) -> Markup {
    let about = "\(example.name), \(example.detail)"
    return .element(
      "figure", ["class": "example"],
      [
        .element(
          "div", ["class": "triple"],
          [
            try picture(overlay(example.reference), "float32", "float32 mask of \(about)"),
            try picture(overlay(example.candidate), "int8", "int8 mask of \(about)"),
            try picture(difference, "difference", "where the masks of \(about) differ"),
          ]),
        .element(
          "figcaption",
          [
            .element("strong", "IoU \(Figure.iou(example.iou))"),
            Markup(" \(about)"),
          ]),
      ])
  }

  private func picture(
    _ image: RGBImage, _ title: String, _ alt: String
  ) throws(Failure) -> Markup {
    let jpeg = try JPEGWriter.encode(image, quality: Self.quality)
    return .element(
      "div",
      [
        .picture(jpeg, width: image.width, height: image.height, alt: alt),
        .element("span", ["class": "tag"], title),
      ])
  }

  private func overlay(_ mask: BinaryMask) -> RGBImage {
    Overlay.draw(
      example.image, masks: [(Self.identifier, mask)], prompts: example.prompts,
      parts: [.fill, .contour, .prompts])
  }

  /// Pixels that only one model assigns to the object, over the picture in dark gray.
  private var difference: RGBImage {
    var image = example.image
    for y in 0..<image.height {
      for x in 0..<image.width {
        let pixel = image[x, y]
        // Rec. 601 luma, divided by three.
        let luma = (299 * Int(pixel.red) + 587 * Int(pixel.green) + 114 * Int(pixel.blue)) / 3000
        let gray = RGBColour(UInt8(luma), UInt8(luma), UInt8(luma))
        switch (example.reference[x, y], example.candidate[x, y]) {
        case (true, true): image[x, y] = Self.mixed(gray, Self.both, share: 0.35)
        case (true, false): image[x, y] = Self.onlyReference
        case (false, true): image[x, y] = Self.onlyCandidate
        case (false, false): image[x, y] = gray
        }
      }
    }
    return image
  }

  private static func mixed(_ a: RGBColour, _ b: RGBColour, share: Double) -> RGBColour {
    func mix(_ a: UInt8, _ b: UInt8) -> UInt8 {
      UInt8((Double(a) * (1 - share) + Double(b) * share).rounded())
    }
    return RGBColour(mix(a.red, b.red), mix(a.green, b.green), mix(a.blue, b.blue))
  }
}
