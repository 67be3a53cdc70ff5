import Bytes

extension VideoFrames {
  /// The frames of a file that can be decoded, and the decoder's complaints.
  struct DecodingSurvey {
    let frames: DecodableFrames
    let complaint: String
  }

  /// Decodes the whole file to find out which frames can be decoded.
  ///
  /// - Throws: `video.damaged`, `video.decoder_crashed`, `video.decoder_stalled` if there are none.
  static func decodingSurvey(
    _ path: String, _ found: VideoSurvey, format: VideoFormat, _ options: PictureOptions,
    _ programs: Programs, _ limits: ChildLimits, lostCount: Int
  ) throws(Failure) -> DecodingSurvey {
    let child = try ChildProcess(
      programs.prober,
      ["-v", "error", "-threads", "1"] + pixelLimit(options) + input(path, format) + [
        "-select_streams", "\(found.stream.index)", "-show_entries",
        "frame=best_effort_timestamp", "-of", "compact=nk=0",
      ], .readingFromChild, limits: limits, patience: programs.patience)
    var stamps: [Int?] = []
    ProberOutput.forEachLine(of: child) { line in
      guard line.kind == "frame" else { return }
      stamps.append(line["best_effort_timestamp"].flatMap { Int($0) })
    }
    // However it ends, the frames found until then count.
    _ = child.finish()
    guard ![.stalled, .outOfTime].contains(child.ending), !stamps.isEmpty else {
      throw PPMStream.damaged(child, finding: "has no frames that can be decoded", path: path)
    }
    let isNothingNew = child.complaint.isEmpty || child.complaint == found.complaint
    let isAllThere = isNothingNew && child.ending == .exited(0)
    let shown = found.packets.filter { !$0.isHidden }.map(\.stamp)
    let areFields = found.stream.isInterlaced && shown.count > stamps.count * 3 / 2
    return DecodingSurvey(
      frames: DecodableFrames(
        // If the decoder does not complain, fewer frames than packets mean no loss: two fields
        // form a frame, and some packets are not meant to be seen.
        packets: isAllThere || areFields ? stamps : shown, frames: stamps, lostCount: lostCount),
      complaint: child.complaint)
  }
}
