import Bytes

/// The state of one policy for one object, as stored in a tracking state.
struct PolicyRecord: Equatable {
  /// Number of the policy's case.
  var kind: UInt8
  /// Version of `bytes`; each kind has its own numbering.
  var version: UInt8
  var bytes: [UInt8]

  /// A record of a kind without state.
  static func stateless(kind: UInt8) -> Self { PolicyRecord(kind: kind, version: 1, bytes: []) }

  /// Checks kind and version against those of `expected`, the record of the policy in its initial
  /// state.
  fileprivate func check(is expected: PolicyRecord, _ policy: String) throws(Failure) {
    guard kind == expected.kind else {
      throw Failure(
        .badInput, code: "state.damaged", "\(policy) is of kind \(kind), not \(expected.kind)")
    }
    guard version == expected.version else {
      throw Failure(
        .badInput, code: "state.version",
        "\(policy) has version \(version); this program reads version \(expected.version)")
    }
    guard !expected.bytes.isEmpty || bytes.isEmpty else {
      throw Failure(
        .badInput, code: "state.damaged", "\(policy) has \(bytes.count) bytes of state, not 0")
    }
  }
}

extension Tracker {
  /// Its number in a tracking state.
  var code: UInt8 {
    switch self {
    case .sam2: 0
    case .samurai: 1
    case .dam4sam: 2
    }
  }
}

extension MaskSelection {
  var record: PolicyRecord {
    switch self {
    case .predictedIoU: .stateless(kind: 0)
    case .motion(let motion): PolicyRecord(kind: 1, version: 1, bytes: motion.stateBytes)
    }
  }

  /// Restores a saved state of the same kind.
  /// - Throws: `state.damaged` for a state of another kind or one that does not fit its format,
  ///   `state.version` for an unknown version.
  mutating func restore(_ record: PolicyRecord) throws(Failure) {
    try record.check(is: self.record, "the choice of masks")
    switch self {
    case .predictedIoU: break
    case .motion(var motion):
      try motion.restore(record.bytes)
      self = .motion(motion)
    }
  }
}

extension MemorySelection {
  var record: PolicyRecord {
    switch self {
    case .mostRecent: .stateless(kind: 0)
    case .reliable: .stateless(kind: 1)
    case .distractorAware(let memories):
      PolicyRecord(kind: 2, version: 1, bytes: memories.stateBytes)
    }
  }

  /// Restores a saved state of the same kind.
  /// - Throws: as `MaskSelection.restore`.
  mutating func restore(_ record: PolicyRecord) throws(Failure) {
    try record.check(is: self.record, "the choice of memories")
    switch self {
    case .mostRecent, .reliable: break
    case .distractorAware(var memories):
      try memories.restore(record.bytes)
      self = .distractorAware(memories)
    }
  }
}
