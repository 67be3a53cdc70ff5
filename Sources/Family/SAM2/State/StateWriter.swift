import Bytes
import Tensors

/// Writes the parts of a tracking state, keeping a running checksum.
///
/// Frames are passed on one at a time: a state with its full history may be larger than memory.
struct StateWriter {
  private var checksum = CRC32()
  private var buffer: [UInt8] = []

  mutating func writeHead(
    _ state: TrackingState, frameCount: Int, position: TrackingState.Position?,
    place: TrackingState.ScriptPlace?, objectCount: Int, to file: inout AtomicFileWriter
  ) throws(Failure) {
    buffer += TrackingState.magic
    append(TrackingState.version)
    append(state.model)
    for size in state.sizes { append(size) }
    for number in state.video { append(number) }
    append(Int64(frameCount))
    append(state.fillHoleArea)
    append(state.choices)
    for number in state.reach { append(number) }
    append(state.tracker.code)
    append(state.trackerConstants)
    append(UInt8(place == nil ? 0 : 1))
    if let place {
      append(place.script)
      append(place.done)
    }
    append(UInt8(position == nil ? 0 : 1))
    if let position {
      append(Int64(position.next))
      append(Int64(position.last))
      append(UInt8((position.isReverse ? 1 : 0) | (position.keepsHistory ? 2 : 0)))
    }
    append(UInt32(objectCount))
    try flush(to: &file)
  }

  mutating func write(
    _ object: TrackedObject, to file: inout AtomicFileWriter
  ) throws(Failure) {
    append(Int64(object.id))
    append(UInt32(object.points.count))
    for (frame, points) in object.points.sorted(by: { $0.key < $1.key }) {
      append(Int64(frame))
      append(UInt32(points.count))
      for point in points {
        append(point.x.bitPattern)
        append(point.y.bitPattern)
        append(point.label)
      }
    }
    append(UInt32(object.maskFrames.count))
    for frame in object.maskFrames.sorted() { append(Int64(frame)) }
    append(UInt32(object.tracked.count))
    for (frame, isReverse) in object.tracked.sorted(by: { $0.key < $1.key }) {
      append(Int64(frame))
      append(UInt8(isReverse ? 1 : 0))
    }
    let tables = [
      object.conditioning, object.recent, object.pendingConditioning, object.pendingRecent,
    ]
    for table in tables { try write(table, to: &file) }
    append(object.policies.masks.record)
    append(object.policies.memories.record)
    try flush(to: &file)
  }

  private mutating func write(
    _ table: FrameTable<FrameOutput>, to file: inout AtomicFileWriter
  ) throws(Failure) {
    append(UInt32(table.frames.count))
    for frame in table.frames {
      guard let output = table[frame] else { continue }
      append(Int64(frame))
      append(flags(of: output))
      append(output.objectScore.bitPattern)
      if let predictedIoU = output.scores.predictedIoU { append(predictedIoU.bitPattern) }
      if let motionScore = output.scores.motionScore { append(motionScore.bitPattern) }
      append(output.logits)
      append(output.pointer)
      if let memory = output.memory { append(memory) }
      try flush(to: &file)
    }
    try flush(to: &file)
  }

  private func flags(of output: FrameOutput) -> UInt8 {
    (output.memory == nil ? 0 : TrackingState.ResultFlag.hasMemory)
      | (output.scores.predictedIoU == nil ? 0 : TrackingState.ResultFlag.hasPredictedIoU)
      | (output.scores.motionScore == nil ? 0 : TrackingState.ResultFlag.hasMotionScore)
  }

  /// Adds the notes and the checksum: the end of the file.
  mutating func finish(_ notes: [UInt8], _ file: inout AtomicFileWriter) throws(Failure) {
    append(UInt64(notes.count))
    buffer += notes
    try flush(to: &file)
    try file.write(littleEndian: checksum.value)
  }

  private mutating func append<T: FixedWidthInteger>(_ value: T) {
    buffer += littleEndianBytes(value)
  }

  private mutating func append(_ record: PolicyRecord) {
    append(record.kind)
    append(record.version)
    append(UInt32(record.bytes.count))
    buffer += record.bytes
  }

  private mutating func append(_ tensor: Tensor) { tensor.withUnsafeBytes { buffer += $0 } }

  private mutating func flush(to file: inout AtomicFileWriter) throws(Failure) {
    buffer.withUnsafeBytes { checksum.update($0) }
    try file.write(buffer)
    buffer.removeAll(keepingCapacity: true)
  }
}
