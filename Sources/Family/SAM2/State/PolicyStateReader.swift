import Bytes

/// Reads the bytes of a policy's state, which come from outside.
struct PolicyStateReader {
  private var rest: ArraySlice<UInt8>

  init(_ bytes: [UInt8]) { rest = bytes[...] }

  /// - Throws: `state.damaged` when too few bytes are left.
  mutating func read<T: FixedWidthInteger>(_: T.Type = T.self) throws(Failure) -> T {
    guard rest.count >= MemoryLayout<T>.size else { throw Self.damaged }
    let value = rest.prefix(MemoryLayout<T>.size).reversed().reduce(T.zero) { $0 << 8 | T($1) }
    rest = rest.dropFirst(MemoryLayout<T>.size)
    return value
  }

  mutating func readFlag() throws(Failure) -> Bool {
    let flag: UInt8 = try read()
    guard flag < 2 else { throw Self.damaged }
    return flag == 1
  }

  /// A number of frames or pixels, or the index of a frame.
  mutating func readCount() throws(Failure) -> Int {
    let bits: UInt64 = try read()
    guard let count = Int(exactly: bits), count <= Int.max / 4 else { throw Self.damaged }
    return count
  }

  /// The length of a list, which has at most `limit` members.
  mutating func readLength(limit: Int) throws(Failure) -> Int {
    let length: UInt32 = try read()
    guard length <= limit else { throw Self.damaged }
    return Int(length)
  }

  func finish() throws(Failure) {
    guard rest.isEmpty else { throw Self.damaged }
  }

  static let damaged = Failure(
    .badInput, code: "state.damaged", "the state of a tracker does not fit its format")
}

extension MotionSelection {
  /// Number of good frames, whether there is a filter, and its mean and covariance.
  var stateBytes: [UInt8] {
    var bytes = littleEndianBytes(UInt64(stableFrames)) + [filter == nil ? 0 : 1]
    if let filter {
      for number in filter.mean + filter.covariance {
        bytes += littleEndianBytes(number.bitPattern)
      }
    }
    return bytes
  }

  /// - Throws: `state.damaged`.
  mutating func restore(_ bytes: [UInt8]) throws(Failure) {
    var reader = PolicyStateReader(bytes)
    let stableFrames = try reader.readCount()
    var filter: MotionFilter?
    if try reader.readFlag() {
      var numbers: [Double] = []
      for _ in 0..<72 { numbers.append(Double(bitPattern: try reader.read())) }
      filter = MotionFilter(mean: Array(numbers[..<8]), covariance: Array(numbers[8...]))
      if filter == nil { throw PolicyStateReader.damaged }
    }
    try reader.finish()
    restore(filter: filter, stableFrames: stableFrames)
  }
}

extension DistractorAwareMemories {
  /// Direction, list, pointers, pending frame, areas, newest frame with a look-alike.
  var stateBytes: [UInt8] {
    var bytes: [UInt8] = [isReverse ? 1 : 0]
    func list<T>(_ values: [T], _ encode: (T) -> [UInt8]) {
      bytes += littleEndianBytes(UInt32(values.count)) + values.flatMap(encode)
    }
    func frame(_ frame: Int) -> [UInt8] { littleEndianBytes(UInt64(frame)) }
    list(elements) { frame($0.frame) + [$0.isDistractor ? 1 : 0] }
    list(pointerFrames, frame)
    list(areas) { frame($0.frame) + frame($0.pixels) }
    list([pending].compactMap { $0 }, frame)
    list([lastDistractor].compactMap { $0 }, frame)
    return bytes
  }

  /// - Throws: `state.damaged`.
  mutating func restore(_ bytes: [UInt8]) throws(Failure) {
    var reader = PolicyStateReader(bytes)
    let isReverse = try reader.readFlag()
    var elements: [Element] = []
    for _ in 0..<(try reader.readLength(limit: 1 << 10)) {
      elements.append(Element(frame: try reader.readCount(), isDistractor: try reader.readFlag()))
    }
    var pointerFrames: [Int] = []
    for _ in 0..<(try reader.readLength(limit: 1 << 10)) {
      pointerFrames.append(try reader.readCount())
    }
    var areas: [Area] = []
    for _ in 0..<(try reader.readLength(limit: 1 << 10)) {
      areas.append(Area(frame: try reader.readCount(), pixels: try reader.readCount()))
    }
    let pending = try reader.readLength(limit: 1) == 1 ? try reader.readCount() : nil
    let lastDistractor = try reader.readLength(limit: 1) == 1 ? try reader.readCount() : nil
    try reader.finish()
    restore(
      elements: elements, pointerFrames: pointerFrames, pending: pending, areas: areas,
      lastDistractor: lastDistractor, isReverse: isReverse)
  }
}
