import Bytes
import SAM2Config

@testable import SAM2

/// The part of a tracking state after its head, with the right head before and checksum after it.
///
/// The first byte picks the tracker; with its highest bit the head is not put before.
func fuzzState(_ input: UnsafeRawBufferPointer) throws(Failure) {
  let choice = input.first ?? 0
  let trackers = Tracker.allCases
  var options = VideoOptions()
  options.tracker = trackers[Int(choice & 0x7F) % trackers.count]
  let expected = TrackingState(
    model: 7, sizes: [2, 4, 2, 3, 8], video: [5, 4, 3], fillHoleArea: 0, choices: 1,
    reach: [1, -1], tracker: options.tracker, trackerConstants: 9,
    policies: TrackingPolicies(options, ModelConfiguration()))
  var bytes = TrackingState.magic + littleEndianBytes(TrackingState.version)
  if choice < 0x80 { bytes += head(expected) }
  bytes += input.dropFirst()
  bytes += littleEndianBytes(bytes.withUnsafeBytes { CRC32.checksum($0) })
  var reader = try StateReader(fenced(bytes), expecting: expected)
  let position = try reader.readHead()
  if let position {
    precondition((0..<reader.frameCount).contains(position.next), "a position outside the video")
  }
  let objects = try reader.readObjects()
  precondition(Set(objects.map(\.id)).count == objects.count, "an object twice")
  for object in objects { try check(object, frameCount: reader.frameCount) }
  _ = try reader.readNotes()
}

/// The facts about model and video that a reader compares with its own.
private func head(_ state: TrackingState) -> [UInt8] {
  var bytes = littleEndianBytes(state.model)
  for size in state.sizes { bytes += littleEndianBytes(size) }
  for number in state.video { bytes += littleEndianBytes(number) }
  bytes += littleEndianBytes(state.video[2]) + littleEndianBytes(state.fillHoleArea)
  bytes.append(state.choices)
  for number in state.reach { bytes += littleEndianBytes(number) }
  bytes.append(state.tracker.code)
  bytes += littleEndianBytes(state.trackerConstants)
  return bytes
}

/// Everything about an object is about frames of the video, and every tensor can be read.
private func check(_ object: TrackedObject, frameCount: Int) throws(Failure) {
  let frames = Array(object.points.keys) + Array(object.maskFrames) + Array(object.tracked.keys)
  precondition(frames.allSatisfy { (0..<frameCount).contains($0) }, "a frame outside the video")
  let tables = [
    object.conditioning, object.recent, object.pendingConditioning, object.pendingRecent,
  ]
  for table in tables {
    for frame in table.frames {
      guard let output = table[frame] else { continue }
      readAll(output.logits)
      readAll(output.pointer)
      if let memory = output.memory { readAll(memory) }
    }
  }
  for isReverse in [false, true] {
    _ = object.policies.memories.plan(
      for: frameCount / 2, history: object.history, frameCount: frameCount, isReverse: isReverse,
      configuration: ModelConfiguration())
  }
}
