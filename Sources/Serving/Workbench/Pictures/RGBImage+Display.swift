import Bytes
import Media

extension RGBImage {
  /// A JPEG of the picture, scaled down so that its longer side is at most `side` pixels.
  func display(side: Int) throws(Failure) -> [UInt8] {
    let scale = min(1, Double(side) / Double(max(width, height)))
    guard scale < 1 else { return try JPEGWriter.encode(self, quality: 90) }
    func scaled(_ length: Int) -> Int { max(1, Int((Double(length) * scale).rounded())) }
    return try JPEGWriter.encode(
      Resizer.likePIL(self, width: scaled(width), height: scaled(height)), quality: 85)
  }
}
