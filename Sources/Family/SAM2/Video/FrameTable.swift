/// Values by frame index, together with the order in which the frames were added.
///
/// The reference keeps such tables in Python dictionaries, whose order determines the order in
/// which memories are attended to; replacing a value keeps its place.
struct FrameTable<Value: Sendable>: Sendable {
  /// In order of first insertion.
  private(set) var frames: [Int] = []
  private var values: [Int: Value] = [:]

  var isEmpty: Bool { frames.isEmpty }

  subscript(frame: Int) -> Value? {
    get { values[frame] }
    set {
      guard let newValue else {
        if values[frame] != nil { remove { $0 == frame } }
        return
      }
      if values.updateValue(newValue, forKey: frame) == nil { frames.append(frame) }
    }
  }

  func contains(_ frame: Int) -> Bool { values[frame] != nil }

  mutating func remove(where isUnwanted: (Int) -> Bool) {
    for frame in frames where isUnwanted(frame) { values[frame] = nil }
    frames.removeAll(where: isUnwanted)
  }

  mutating func removeAll() { self = FrameTable() }
}
