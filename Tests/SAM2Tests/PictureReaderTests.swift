import Bytes
import Media
import Testing

@testable import SAM2

/// A video file in miniature: it can only be decoded forwards, and counts what that costs.
private final class ForwardOnly: IndexedFrames {
  let width = 4
  let height = 4
  let frameCount: Int? = 64
  private var position = 0
  private(set) var decoded = 0

  func frame(at index: Int) throws(Failure) -> RGBImage {
    if index < position { position = 0 }
    decoded += index + 1 - position
    position = index + 1
    let level = UInt8(index)
    return RGBImage(width: 4, height: 4, filledWith: RGBColour(level, level, level))
  }
}

@Suite struct PictureReaderTests {
  @Test func backwardsIsNotQuadratic() throws {
    let frames = ForwardOnly()
    var reader = PictureReader(frames, imageSize: 4)
    for index in (0..<64).reversed() {
      #expect(try reader.picture(at: index).pixels[0] == UInt8(index))
    }
    // One frame at a time would decode 64 * 65 / 2 = 2080 frames.
    #expect(frames.decoded <= 64 + 64 + 48 + 32 + 16)
  }

  @Test func forwardsReadsEachFrameOnce() throws {
    let frames = ForwardOnly()
    var reader = PictureReader(frames, imageSize: 4)
    for index in 0..<64 { _ = try reader.picture(at: index) }
    #expect(frames.decoded == 64)
  }
}
