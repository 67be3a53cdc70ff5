/// Chooses which annotated frames a tracked frame attends to.
enum ConditioningFrames {
  /// Splits `frames` into those chosen, at most `limit` (-1: all), and the rest.
  ///
  /// Chooses the closest one before `frame`, the closest one at or after it, then others by
  /// distance; of two equally far away, the one that comes first in `frames`. This is the
  /// reference's `select_closest_cond_frames`.
  static func closest(
    to frame: Int, among frames: [Int], limit: Int
  ) -> (selected: [Int], unselected: [Int]) {
    if limit == -1 || frames.count <= limit { return (frames, []) }
    var selected: [Int] = []
    if let before = frames.filter({ $0 < frame }).max() { selected.append(before) }
    if let after = frames.filter({ $0 >= frame }).min() { selected.append(after) }
    let others = frames.filter { !selected.contains($0) }.enumerated().sorted {
      (abs($0.element - frame), $0.offset) < (abs($1.element - frame), $1.offset)
    }
    selected += others.prefix(max(limit - selected.count, 0)).map(\.element)
    return (selected, frames.filter { !selected.contains($0) })
  }
}
