import Bytes

/// Notices about a video file.
enum VideoNotices {
  /// The notices known when the file is opened.
  static func opening(
    _ found: VideoSurvey, _ survey: VideoFrames.DecodingSurvey?, path: String
  ) -> [Notice] {
    [
      end(found), streams(found), attached(found), headless(found),
      // A file that is cut off is reason enough for complaints.
      found.isCutOff ? nil : survey.flatMap { complaint($0, path: path) },
    ].compactMap { $0?.about(file: path) }
  }

  /// A notice if the decoder complains although all frames can be decoded; missing frames are
  /// reported anyway.
  static func complaint(_ survey: VideoFrames.DecodingSurvey, path: String) -> [Notice] {
    [complaint(survey, path: path)].compactMap(\.self)
  }

  private static func complaint(_ survey: VideoFrames.DecodingSurvey, path: String) -> Notice? {
    guard !survey.complaint.isEmpty, survey.frames.numbers.count == survey.frames.count else {
      return nil
    }
    return Notice(
      .reinterpreted, code: "video.complaint",
      "the decoder complains, but decodes all \(survey.frames.count) frames, some perhaps repaired: "
        + survey.complaint, file: path)
  }

  private static func end(_ found: VideoSurvey) -> Notice? {
    if found.isCutOff {
      return Notice(
        .endedEarly, code: "video.cut_off", "the video is cut off \(found.endText)",
        isIncomplete: true)
    }
    guard found.endsEarly else { return nil }
    return Notice(
      .endedEarly, code: "video.duration",
      "the header claims more than there is: the video ends \(found.endText)", isIncomplete: true)
  }

  private static func streams(_ found: VideoSurvey) -> Notice? {
    let videos = found.streams.filter { $0.isVideo && !$0.isAttached }
    guard videos.count > 1 else { return nil }
    return Notice(
      .leftOut, code: "video.streams",
      "the file has \(videos.count) video streams; stream \(found.stream.index), which players "
        + "show, is taken",
      hint: "extract another one, for example with ffmpeg -i IN -map 0:v:1 -c copy OUT.mkv")
  }

  private static func attached(_ found: VideoSurvey) -> Notice? {
    let count = found.streams.count { $0.isVideo && $0.isAttached }
    guard count > 0 else { return nil }
    return Notice(
      .leftOut, code: "video.attached",
      count == 1
        ? "an attached picture, such as a cover, is not a frame and is left out"
        : "\(count) attached pictures, such as covers, are not frames and are left out")
  }

  private static func headless(_ found: VideoSurvey) -> Notice? {
    guard found.headlessCount > 0 else { return nil }
    return Notice(
      .leftOut, code: "video.headless",
      "the video begins in the middle: the \(found.headlessCount) pictures before its first key "
        + "frame cannot be decoded, and are left out as players do")
  }
}
