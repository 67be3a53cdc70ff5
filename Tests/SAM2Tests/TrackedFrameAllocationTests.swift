import CAllocations
import Media
import Testing

@testable import SAM2

#if !DEBUG  // Only an optimised build keeps closures and generic values off the heap.
/// Heap allocations of tracking for each frame once the memory bank is full.
///
/// The graphs allocate nothing (`RuntimeTests`), tensors come out of a pool. The rest are tables
/// and lists that record which frame attends to which, and the mask.
struct TrackedFrameAllocationTests {
  /// Allocations of a frame, and for each object on it.
  private static let frameBudget = 140
  private static let objectBudget = 170
  /// Bytes of an object's frame in multiples of its mask: logits [S / 4, S / 4].
  private static let byteBudget = 14

  @Test(arguments: [1, 3]) func steadyStateTakesLittle(objects: Int) throws {
    guard sam2_thread_allocations() >= 0 else { return }
    let model = try Nano.model.get()
    let side = model.imageSize
    let picture = RGBImage(width: side, height: side, filledWith: RGBColour(90, 120, 40))
    let frames = FrameList(Array(repeating: picture, count: 30))
    let video = try VideoPredictor(model, frames: frames)
    for object in 1...objects {
      let x = Float(side * object) / Float(objects + 1)
      try video.addPoints(
        frame: 0, object: object, points: [Prompt.Point(x: x, y: Float(side / 2))])
    }
    var propagation = try video.propagation(keepsHistory: false)
    // Until the bank is full, each frame has another plan.
    for _ in 0..<22 { _ = try propagation.next() }
    // The minimum over a few frames, as memory that another thread still holds may have to be
    // allocated anew.
    var (count, bytes) = (Int.max, Int.max)
    for _ in 0..<5 {
      let before = (sam2_thread_allocations(), sam2_thread_allocated_bytes())
      #expect(try propagation.next()?.objects.count == objects)
      count = min(count, sam2_thread_allocations() - before.0)
      bytes = min(bytes, sam2_thread_allocated_bytes() - before.1)
    }
    #expect(count <= Self.frameBudget + Self.objectBudget * objects)
    let maskBytes = side * side / 4
    #expect(bytes <= Self.byteBudget * maskBytes * objects)
    // The masks at least: else nobody counted.
    #expect(bytes >= maskBytes * objects)
  }
}
#endif
