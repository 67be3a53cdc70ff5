import Bytes
import Glibc
import Media
import SampleScene
import Testing

@Suite("The sample scene")
struct SampleSceneTests {
  @Test("is the same every time, and on every machine")
  func deterministic() {
    let still = SampleScene(seed: 5).still(width: 96, height: 72)
    let again = SampleScene(seed: 5).still(width: 96, height: 72)
    #expect(still.image == again.image)
    #expect(still.labels == again.labels)
    #expect(SampleScene(seed: 6).still(width: 96, height: 72).image != still.image)
    #expect(still.image.pixels.withUnsafeBytes { CRC32.checksum($0) } == 2_222_337_912)
  }

  @Test("shows three objects whose prompts are well inside", arguments: [1, 2, 3, 4] as [UInt64])
  func prompts(_ seed: UInt64) {
    let scene = SampleScene(seed: seed)
    #expect(scene.still(width: 128, height: 96).masks.count == 3)
    #expect(scene.clip(width: 128, height: 96).frame(0).masks.count == 2)
    let pictures = [
      scene.still(width: 128, height: 96), scene.clip(width: 128, height: 96).frame(0),
    ]
    for picture in pictures {
      #expect(picture.masks.map(\.identifier) == Array(1...picture.masks.count))
      for (prompt, object) in zip(picture.prompts, picture.masks) {
        #expect(object.mask[prompt.x, prompt.y])
        #expect(object.mask.boundingBox == prompt.box)
        // Large enough for a model that sees 256 pixels a side.
        #expect(object.mask.area > 128 * 96 / 40)
        for (dx, dy) in [(-6, 0), (6, 0), (0, -6), (0, 6)] {
          #expect(object.mask[prompt.x + dx, prompt.y + dy])
        }
      }
    }
  }

  @Test("has one object hidden in part by another, which then leaves")
  func choreography() {
    let clip = SampleScene().clip(width: 80, height: 60)
    func areas(_ frame: Int) -> [Int] {
      let masks = clip.frame(frame).masks
      return (1...2).map { id in masks.first { $0.identifier == id }?.mask.area ?? 0 }
    }
    let (start, crossing, end) = (areas(0), areas(20), areas(47))
    #expect(crossing[0] < start[0] * 19 / 20 && crossing[0] > start[0] / 2)
    #expect(end[0] > start[0] * 19 / 20)
    #expect(start[1] > 0 && crossing[1] > start[1] * 3 / 4 && end[1] < start[1] / 10)
  }

  @Test(
    "has rivals that all start in sight, cover each other, and of which one leaves",
    arguments: [2, 4], [1, 2, 3] as [UInt64])
  func rivals(_ count: Int, _ seed: UInt64) {
    let clip = SampleScene(seed: seed).clip(
      width: 96, height: 72, frameCount: 60, action: .rivals(count))
    #expect(clip.prompts.map(\.identifier) == Array(1...count))
    let areas = (0..<60).map { frame in
      let masks = clip.frame(frame).masks
      return (1...count).map { id in masks.first { $0.identifier == id }?.mask.area ?? 0 }
    }
    // The first is covered by another at some time, the last is out of the picture.
    #expect(areas.contains { $0[0] < areas[0][0] * 2 / 3 })
    #expect(areas.contains { $0[count - 1] == 0 })
    #expect(areas[59].allSatisfy { $0 > 0 })
  }

  @Test("true masks are where the object's colours are")
  func truth() {
    let picture = SampleScene().still(width: 128, height: 96)
    // The second object is the only red one.
    for i in picture.labels.labels.indices {
      let colour = picture.image[i % 128, i / 128]
      let isRed = Int(colour.red) > Int(colour.blue) + 60
      if isRed { #expect(picture.labels.labels[i] == 2) }
    }
  }
}
