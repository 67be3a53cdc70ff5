/// Distinguishes gray levels that are object numbers from levels that form one object's soft edges.
///
/// Object numbers form areas with sharp borders. A soft edge is a ramp: nearly all of its pixels
/// have a darker and a lighter neighbour, and some level is at least half white.
struct MaskLevels {
  enum Kind: Equatable {
    /// 0 and one other level, which represents white.
    case blackAndWhite
    /// The object numbers, ascending.
    case labels([Int])
    /// The number of levels, and the level for the inside of the object.
    case soft(Int, white: Int)
    /// The number of levels, and those that form areas between black and white.
    case mixed(Int, flat: [Int])
  }

  let kind: Kind

  /// Minimum share of border pixels that belong to ramps in a soft mask.
  private static let rampShare = 0.5
  /// Minimum share of all marked pixels that a middle level has in areas if it is an object.
  private static let areaShare = 0.02
  private static let minimumArea = 9

  init(_ values: [UInt16], width: Int, height: Int, white: Int) {
    // Programs that compute in 16 bits may save 8-bit levels in 16-bit files.
    let isNarrow = white > 255 && values.max() == 255
    let white = isNarrow ? 255 : white
    var counts = [Int](repeating: 0, count: white + 1)
    for value in values { counts[Int(value)] += 1 }
    let levels = (1...white).filter { counts[$0] > 0 }
    guard let top = levels.last, levels.count > 1 || 2 * top > white || white == 1 else {
      kind = .labels(levels)
      return
    }
    if levels.count == 1 {
      // Gray level 1 in 8 bits is object 1 either way.
      kind = .blackAndWhite
      return
    }
    guard 2 * top > white else {
      kind = .labels(levels)
      return
    }
    let survey = MaskLevels.survey(values, width, height, top: top, white: white)
    guard Double(survey.ramp) >= MaskLevels.rampShare * Double(survey.edge), survey.edge > 0 else {
      kind = .labels(levels)
      return
    }
    let marked = Double(values.count { $0 != 0 })
    let flat = levels.filter { level in
      let area = survey.areas[level]
      return area >= MaskLevels.minimumArea && Double(area) >= MaskLevels.areaShare * marked
    }
    kind = flat.isEmpty ? .soft(levels.count, white: white) : .mixed(levels.count, flat: flat)
  }

  /// Counts of pixels with levels between black and `top`.
  private struct Survey {
    /// Pixels with a neighbour of another level.
    var edge = 0
    /// Of those, pixels with both a darker and a lighter neighbour.
    var ramp = 0
    /// By level: pixels whose eight neighbours have the same level.
    ///
    /// Pixels near black or near white are not counted, because wide ramps are flat there.
    var areas: [Int]
  }

  private static func survey(
    _ values: [UInt16], _ width: Int, _ height: Int, top: Int, white: Int
  ) -> Survey {
    var survey = Survey(areas: [Int](repeating: 0, count: white + 1))
    let middle = white / 16...max(white / 16, top - white / 16)
    for y in 0..<height {
      for x in 0..<width {
        let value = values[y * width + x]
        guard value > 0, Int(value) < top else { continue }
        var (darker, lighter) = (false, false)
        for row in max(y - 1, 0)...min(y + 1, height - 1) {
          for column in max(x - 1, 0)...min(x + 1, width - 1) {
            let other = values[row * width + column]
            darker = darker || other < value
            lighter = lighter || other > value
          }
        }
        if darker || lighter {
          survey.edge += 1
          if darker && lighter { survey.ramp += 1 }
        } else if middle.contains(Int(value)) {
          survey.areas[Int(value)] += 1
        }
      }
    }
    return survey
  }
}
