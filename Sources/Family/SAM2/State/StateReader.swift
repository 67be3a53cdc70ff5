import Bytes
import Tensors

/// Reads a tracking state, checking everything: the file comes from outside.
struct StateReader {
  private var cursor: ByteCursor
  private let expected: TrackingState
  /// Version of the file.
  private let version: UInt32
  private(set) var frameCount = 0
  /// How far a script had been played; nil for a state that does not belong to a script.
  private(set) var place: TrackingState.ScriptPlace?

  /// Checks magic, version and checksum of the whole file.
  /// - Throws: `state.magic`, `state.version`, `state.damaged`, `state.truncated`.
  init(_ storage: ByteStorage, expecting expected: TrackingState) throws(Failure) {
    self.expected = expected
    let code = "state.truncated"
    var all = ByteCursor(storage, truncationCode: code)
    guard storage.byteCount >= 8, try all.readBytes(8) == TrackingState.magic else {
      throw Failure(.badInput, code: "state.magic", "not a tracking state")
    }
    version = try all.readUInt32()
    let readable = TrackingState.readableVersions
    guard readable.contains(version) else {
      throw Failure(
        .badInput, code: "state.version",
        "the state has version \(version); this program reads versions "
          + "\(readable.lowerBound) to \(readable.upperBound)")
    }
    let end = storage.byteCount - 4
    guard end >= 12 else {
      throw Failure(.badInput, code: code, "the tracking state ends within its head")
    }
    var tail = try ByteCursor(storage, range: end..<storage.byteCount, truncationCode: code)
    let checksum = storage.withUnsafeBytes {
      CRC32.checksum(UnsafeRawBufferPointer(rebasing: $0[..<end]))
    }
    guard try tail.readUInt32() == checksum else {
      throw Failure(
        .badInput, code: "state.damaged", "the checksum does not fit",
        hint: "the file is damaged or was not written to its end")
    }
    cursor = try ByteCursor(storage, range: 12..<end, truncationCode: code)
  }

  /// The facts about model, video and options, which must match, and the position.
  /// - Throws: `state.model`, `state.video`, `state.options`, `state.damaged`, `state.truncated`.
  mutating func readHead() throws(Failure) -> TrackingState.Position? {
    var isSameModel = try cursor.readUInt32() == expected.model
    for size in expected.sizes where try cursor.readUInt32() != size { isSameModel = false }
    guard isSameModel else { throw misfit("state.model", "another model") }
    for number in expected.video where try cursor.read(Int64.self) != number {
      throw misfit("state.video", "a video of another size or length")
    }
    frameCount = try readInt(in: 1...Int(expected.video[2]))
    let area = try cursor.read(Int64.self)
    var hasSameOptions = try cursor.readUInt8() == expected.choices
    for number in expected.reach where try cursor.read(Int32.self) != number {
      hasSameOptions = false
    }
    let tracker = hasTracker ? try cursor.readUInt8() : Tracker.sam2.code
    if tracker != expected.tracker.code { hasSameOptions = false }
    if hasConstants, try cursor.readUInt32() != expected.trackerConstants { hasSameOptions = false }
    guard hasSameOptions, area == expected.fillHoleArea else {
      throw misfit("state.options", "other options")
    }
    if try readFlags(below: 2) == 1 {
      place = .init(script: try cursor.readUInt32(), done: try cursor.readUInt32())
    }
    guard try readFlags(below: 2) == 1 else { return nil }
    let (next, last) = (try readFrame(), try readFrame())
    let flags = try readFlags(below: 4)
    let isReverse = flags & 1 != 0
    guard isReverse ? last <= next : next <= last else { throw damaged() }
    return .init(next: next, last: last, isReverse: isReverse, keepsHistory: flags & 2 != 0)
  }

  /// Whether the file has trackers, their policies, and predicted IoUs.
  private var hasTracker: Bool { version >= 3 }
  /// Whether the file has tracker constants and motion scores.
  private var hasConstants: Bool { version >= 4 }

  /// Caller data stored with the state; nothing may follow.
  /// - Throws: `state.damaged`, `state.truncated`.
  mutating func readNotes() throws(Failure) -> [UInt8] {
    guard let count = Int(exactly: try cursor.readUInt64()) else { throw damaged() }
    let range = try cursor.take(byteCount: count)
    guard cursor.isAtEnd else { throw damaged() }
    return cursor.storage.withUnsafeBytes { Array($0[range]) }
  }

  /// All objects.
  /// - Throws: `state.damaged`, `state.truncated`.
  mutating func readObjects() throws(Failure) -> [TrackedObject] {
    var objects: [TrackedObject] = []
    var known: Set<Int> = []
    for _ in 0..<(try cursor.readUInt32()) {
      let object = try readObject()
      guard known.insert(object.id).inserted else { throw damaged() }
      objects.append(object)
    }
    return objects
  }

  private mutating func readObject() throws(Failure) -> TrackedObject {
    var object = TrackedObject(
      id: try readInt(in: Int.min...Int.max), policies: expected.policies)
    for _ in 0..<(try cursor.readUInt32()) {
      let frame = try readFrame()
      guard object.points[frame] == nil else { throw damaged() }
      object.points[frame] = try readPoints()
    }
    for _ in 0..<(try cursor.readUInt32()) { object.maskFrames.insert(try readFrame()) }
    for _ in 0..<(try cursor.readUInt32()) {
      let frame = try readFrame()
      object.tracked[frame] = try readFlags(below: 2) == 1
    }
    object.conditioning = try readTable()
    object.recent = try readTable()
    object.pendingConditioning = try readTable()
    object.pendingRecent = try readTable()
    if hasTracker {
      try object.policies.masks.restore(readPolicy())
      try object.policies.memories.restore(readPolicy())
    }
    return object
  }

  private mutating func readPolicy() throws(Failure) -> PolicyRecord {
    let (kind, version) = (try cursor.readUInt8(), try cursor.readUInt8())
    let range = try cursor.take(byteCount: Int(cursor.readUInt32()))
    return PolicyRecord(
      kind: kind, version: version, bytes: cursor.storage.withUnsafeBytes { Array($0[range]) })
  }

  private mutating func readPoints() throws(Failure) -> [ModelPoint] {
    var points: [ModelPoint] = []
    for _ in 0..<(try cursor.readUInt32()) {
      let (x, y) = (try readFloat(), try readFloat())
      let label = try cursor.read(Int32.self)
      guard (-1...3).contains(label) else { throw damaged() }
      points.append(ModelPoint(x: x, y: y, label: label))
    }
    return points
  }

  private mutating func readTable() throws(Failure) -> FrameTable<FrameOutput> {
    var table = FrameTable<FrameOutput>()
    for _ in 0..<(try cursor.readUInt32()) {
      let frame = try readFrame()
      guard !table.contains(frame) else { throw damaged() }
      let flags = try readFlags(below: hasConstants ? 8 : hasTracker ? 4 : 2)
      let hasMemory = flags & TrackingState.ResultFlag.hasMemory != 0
      let score = try readFloat()
      let predictedIoU =
        flags & TrackingState.ResultFlag.hasPredictedIoU != 0 ? try readFloat() : nil
      let motionScore =
        flags & TrackingState.ResultFlag.hasMotionScore != 0 ? try readFloat() : nil
      let logits = try readTensor(.float32, expected.logitShape)
      let pointer = try readTensor(.float32, expected.pointerShape)
      table[frame] = FrameOutput(
        memory: hasMemory ? try readTensor(.bfloat16, expected.memoryShape) : nil, logits: logits,
        pointer: pointer,
        scores: FrameScores(
          predictedIoU: predictedIoU, objectScore: score, motionScore: motionScore))
    }
    return table
  }

  // MARK: - Values

  /// Copied: the file may be replaced while the tensor lives.
  private mutating func readTensor(_ dtype: DType, _ shape: Shape) throws(Failure) -> Tensor {
    let range = try cursor.take(byteCount: shape.elementCount * dtype.byteCount)
    return Tensor(dtype: dtype, shape: shape) { out in
      cursor.storage.withUnsafeBytes { bytes in
        out.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[range]))
      }
    }
  }

  private mutating func readFloat() throws(Failure) -> Float {
    let value = Float(bitPattern: try cursor.readUInt32())
    guard value.isFinite else { throw damaged() }
    return value
  }

  private mutating func readFrame() throws(Failure) -> Int { try readInt(in: 0...frameCount - 1) }

  private mutating func readInt(in range: ClosedRange<Int>) throws(Failure) -> Int {
    let value = Int(try cursor.read(Int64.self))
    guard range.contains(value) else { throw damaged() }
    return value
  }

  private mutating func readFlags(below limit: UInt8) throws(Failure) -> UInt8 {
    let flags = try cursor.readUInt8()
    guard flags < limit else { throw damaged() }
    return flags
  }

  private func damaged() -> Failure {
    Failure(
      .badInput, code: "state.damaged", "the tracking state does not fit its format",
      place: cursor.place)
  }

  private func misfit(_ code: String, _ text: String) -> Failure {
    Failure(
      .badInput, code: code, "the tracking state belongs to \(text)",
      hint: "resume with the model, the video and the options that it was saved with")
  }
}
