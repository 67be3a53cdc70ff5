/// Groups of pixels connected by touching at an edge or a corner.
public enum ConnectedRegions {
  /// Passes each region of pixels that are true in `members` [height, width] to `body`, as indices
  /// into `members`; regions come in reading order of their first pixel.
  public static func forEach(
    in members: [Bool], width: Int, height: Int, _ body: (_ pixels: [Int]) -> Void
  ) {
    precondition(members.count == width * height)
    var isOpen = members
    var region: [Int] = []
    // Reserves room for the largest region at once: growing step by step takes twice as much.
    region.reserveCapacity(members.count)
    for start in members.indices where isOpen[start] {
      collect(from: start, &isOpen, width: width, height: height, into: &region)
      body(region)
    }
  }

  /// Collects the pixels connected to `start` in `region`, and marks them as no longer open.
  private static func collect(
    from start: Int, _ isOpen: inout [Bool], width: Int, height: Int, into region: inout [Int]
  ) {
    region.removeAll(keepingCapacity: true)
    region.append(start)
    isOpen[start] = false
    var next = 0
    while next < region.count {
      let (y, x) = region[next].quotientAndRemainder(dividingBy: width)
      next += 1
      for row in max(y - 1, 0)...min(y + 1, height - 1) {
        for index in row * width + max(x - 1, 0)...row * width + min(x + 1, width - 1)
        where isOpen[index] {
          isOpen[index] = false
          region.append(index)
        }
      }
    }
  }
}
