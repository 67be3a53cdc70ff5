import Bytes
import Glibc
import Media
import TestSupport

/// A folder with items for `sam2 batch`.
enum BatchItems {
  static let pictureCount = 12

  /// Twelve small pictures with a disc each, and a list of items about them: prompts, one search for
  /// everything, one video, and two items that cannot be done.
  static func make(in folder: String) throws {
    mkdir("\(folder)/pictures", 0o700)
    var lines: [String] = []
    for number in 0..<pictureCount {
      let center = (x: 30 + 3 * number, y: 40 - number)
      write(try PNGWriter.encode(disc(at: center)), to: "\(folder)/pictures/\(number).png")
      lines.append(
        "{\"id\": \"disc/\(number)\", \"image\": \"pictures/\(number).png\", \"prompts\": "
          + "[{\"points\": [[\(center.x), \(center.y)]]}]}")
    }
    lines.insert(
      "{\"id\": \"missing\", \"image\": \"missing.png\", \"prompts\": [{\"points\": [[1, 2]]}]}",
      at: 4)
    lines.append(
      "{\"id\": \"everything\", \"image\": \"pictures/0.png\", \"auto\": {\"points_per_side\": 4}}")
    lines.append("{\"id\": \"slip\", \"image\": \"pictures/0.png\", \"promts\": []}")
    lines.append(
      "{\"id\": \"clip\", \"video\": \"\(Workplace.nano("clip"))\", \"actions\": [{\"do\": "
        + "\"add_points\", \"frame\": 0, \"object\": 7, \"points\": [[50, 60]], \"labels\": [1]}, "
        + "{\"do\": \"propagate\", \"max_frames\": 3}]}")
    // As editors elsewhere end lines, and with an empty one.
    write(lines.joined(separator: "\r\n") + "\r\n\n", to: "\(folder)/items.jsonl")
  }

  /// A bright disc on a dark slope, 96x72.
  private static func disc(at center: (x: Int, y: Int)) -> RGBImage {
    let pixels = (0..<72 * 96).flatMap { place in
      let (x, y) = (place % 96, place / 96)
      let distance = (x - center.x) * (x - center.x) + (y - center.y) * (y - center.y)
      return distance < 200 ? [230, 200, 60] : [UInt8(40 + y), UInt8(60 + x / 2), 90]
    }
    return RGBImage(width: 96, height: 72, pixels: pixels)
  }

  /// Runs `sam2 batch items.jsonl` with more arguments.
  static func run(_ more: [String], in folder: String) throws -> Tool.Outcome {
    try Tool.sam2.run(["batch", "items.jsonl", "--threads", "1"] + more, in: folder)
  }

  /// Number of lines of a file, 0 when there is none.
  static func lines(_ path: String) -> Int {
    (fileBytes(path) ?? []).reduce(0) { $0 + ($1 == UInt8(ascii: "\n") ? 1 : 0) }
  }
}
