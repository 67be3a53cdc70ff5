import Bytes

extension VideoFrames {
  /// Decodes all of the file to see which frames can be; the header claims `claimed`.
  ///
  /// - Throws: `video.damaged`, `video.decoder_crashed`, `video.decoder_stalled` when there are none.
  static func survey(
    _ path: String, format: VideoFormat, with program: String, _ limits: ChildLimits,
    _ patience: Int32, claimed: Int?
  ) throws(Failure) -> DecodableFrames {
    let child = try ChildProcess(
      program,
      ["-v", "error", "-threads", "1"] + input(path, format)
        + [
          "-select_streams", "v:0", "-show_entries",
          "packet=pts,flags:frame=best_effort_timestamp", "-of", "csv",
        ], .readingFromChild, limits: limits, patience: patience)
    var packets: [Int?] = []
    var frames: [Int?] = []
    var hiddenCount = 0
    forEachLine(of: child) { line in
      let words = line.split(separator: ",", omittingEmptySubsequences: false)
      switch words.first {
      case "frame" where words.count > 1: frames.append(Int(words[1]))
      case "packet" where words.count > 2 && words[2].contains("D"): hiddenCount += 1
      case "packet" where words.count > 1: packets.append(Int(words[1]))
      default: break
      }
    }
    // However it ends: what it found until then counts.
    _ = child.finish()
    guard ![.stalled, .outOfTime].contains(child.ending), !frames.isEmpty else {
      throw PPMStream.damaged(child, finding: "has no frames that can be decoded", path: path)
    }
    return DecodableFrames(
      packets: packets, frames: frames,
      lostCount: (claimed ?? 0) - packets.count - hiddenCount)
  }

  /// Calls `body` with each whole line that `child` writes.
  private static func forEachLine(of child: ChildProcess, _ body: (Substring) -> Void) {
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    var rest: [UInt8] = []
    while true {
      let count = chunk.withUnsafeMutableBytes { child.read(into: $0) }
      rest += chunk[..<count]
      let end = (rest.lastIndex(of: UInt8(ascii: "\n")) ?? -1) + 1
      for line in String(decoding: rest[..<end], as: UTF8.self).split(separator: "\n") {
        body(line)
      }
      rest.removeSubrange(..<end)
      // No line of ours is so long.
      guard count == chunk.count, rest.count <= chunk.count else { return }
    }
  }
}
