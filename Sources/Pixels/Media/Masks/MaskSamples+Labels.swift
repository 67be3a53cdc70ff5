import Bytes

extension MaskSamples {
  /// The object number of each pixel; choices are added to `notices`.
  ///
  /// Failures: `mask.ambiguous`.
  func labels(as reading: MaskReading, _ notices: inout [Notice]) throws(Failure) -> [UInt16] {
    switch reading {
    case .labels: return values
    case .nonzero: return values.map { $0 == 0 ? 0 : 1 }
    case .soft:
      guard case .gray(let white) = form else { return values.map { $0 == 0 ? 0 : 1 } }
      return halved(white)
    case .auto: break
    }
    switch form {
    case .palette: return values
    case .gray(let white): return try grayLabels(white, &notices)
    case .colours(let list):
      notices.append(colourNotice(list))
      return values
    }
  }

  private func halved(_ white: Int) -> [UInt16] {
    values.map { 2 * Int($0) > white ? 1 : 0 }
  }

  private func grayLabels(_ white: Int, _ notices: inout [Notice]) throws(Failure) -> [UInt16] {
    let levels = MaskLevels(values, width: width, height: height, white: white)
    switch levels.kind {
    case .blackAndWhite: return values.map { $0 == 0 ? 0 : 1 }
    case .labels(let numbers):
      if numbers.last ?? 0 > 255 || numbers.count > MaskSamples.manyLabels {
        notices.append(
          Notice(
            .reinterpreted, code: "mask.labels",
            "the mask has \(numbers.count) gray levels, which are read as numbers of objects, "
              + "\(numbers.first ?? 0) to \(numbers.last ?? 0)",
            hint: "--mask-reading soft takes it as one object"))
      }
      return values
    case .soft(let count, let white):
      let inside = halved(white)
      notices.append(
        Notice(
          .reinterpreted, code: "mask.soft",
          "the mask has \(count) gray levels with soft edges; the "
            + "\(inside.count { $0 != 0 }) pixels above one half are inside",
          hint: "--mask-reading labels takes each level as an object"))
      return inside
    case .mixed(let count, let flat):
      throw Failure(
        .badInput, code: "mask.ambiguous",
        "the mask has \(count) gray levels: \(flat.map(String.init).joined(separator: ", ")) in "
          + "areas, as of several objects, and ramps between them, as of soft edges",
        hint: "save the objects without smoothing, or choose the meaning with --mask-reading: "
          + "soft, labels or nonzero")
    }
  }

  /// A person draws no more objects than this.
  private static let manyLabels = 32

  private func colourNotice(_ list: [RGBColour]) -> Notice {
    let used = Set(values).subtracting([0]).sorted()
    let names = used.prefix(3).map { number in
      let colour = list[Int(number)]
      return "\(number) is (\(colour.red), \(colour.green), \(colour.blue))"
    }
    let rest = used.count > 3 ? " and so on" : ""
    return Notice(
      .reinterpreted, code: "mask.coloured",
      used.count == 1
        ? "the mask is coloured; what is not black is inside"
        : "the mask has \(used.count) colours, which are read as objects: "
          + names.joined(separator: ", ") + rest,
      hint: "--mask-reading nonzero takes them as one object")
  }
}
