import Bytes

/// The contents of a video file as listed by its container, found without decoding anything.
///
/// Headers are not trusted: frames are counted by their packets, and the end is checked against the
/// header's claims and the structure of the file.
struct VideoSurvey {
  /// A stream of any kind, video or other.
  struct Stream {
    let index: Int
    let isVideo: Bool
    /// Whether it is a cover or thumbnail.
    let isAttached: Bool
    let isDefault: Bool
    /// Number of frames that the header claims; nil if it makes no claim.
    let claimedCount: Int?
    /// Duration that the header claims, in seconds.
    let duration: Double?
    let frameRate: FrameRate?
    /// Whether a frame may be stored as two packets, one for each field.
    let isInterlaced: Bool
  }

  let streams: [Stream]
  /// The stream that players show.
  let stream: Stream
  /// Packets of that stream from its first key frame on, in file order.
  let packets: [Packet]
  /// Number of packets before the first key frame, whose pictures depend on data not in the file.
  let headlessCount: Int
  /// Seconds from the end of the last packet to the end that the header claims.
  let missingSeconds: Double
  /// Duration that the header claims, in seconds.
  let claimedSeconds: Double?
  /// Complaints from the program that lists packets.
  let complaint: String
  /// Whether the file ends in the middle of its own structure.
  let isTruncated: Bool

  struct Packet {
    let stamp: Int?
    /// Decoded but not shown, because it is outside an edit list.
    let isHidden: Bool
    let isKey: Bool
  }

  /// Number of packets whose frames are shown.
  var shownCount: Int { packets.count { !$0.isHidden } }

  /// Lists the packets of the file at `path`, which has `byteCount` bytes.
  ///
  /// Failures: `video.no_frames` if there is no video stream; `video.damaged`,
  /// `video.decoder_crashed`, `video.decoder_stalled`.
  init(
    _ path: String, byteCount: Int, format: VideoFormat, with program: String,
    _ limits: ChildLimits, _ patience: Int32
  ) throws(Failure) {
    let child = try ChildProcess(
      program,
      ["-v", "error"] + VideoFrames.input(path, format) + [
        "-show_entries",
        "packet=stream_index,pts,pts_time,duration_time,flags"
          + ":stream=index,codec_type,nb_frames,duration,avg_frame_rate,r_frame_rate,field_order"
          + ":stream_disposition=default,attached_pic,timed_thumbnails,still_image"
          + ":stream_tags=DURATION:format=duration",
        "-of", "compact=nk=0",
      ], .readingFromChild, limits: limits, patience: patience)
    var listing = PacketListing()
    ProberOutput.forEachLine(of: child) { listing.take($0) }
    guard child.finish() else {
      throw PPMStream.damaged(child, finding: "cannot be opened", path: path)
    }
    let videos = listing.streams.filter { $0.isVideo && !$0.isAttached }
    guard let stream = videos.first(where: \.isDefault) ?? videos.first else {
      throw Failure(
        .badInput, code: "video.no_frames",
        listing.streams.contains(where: \.isVideo)
          ? "the file has no video in it, only a picture that is attached"
          : "the file has no video in it", file: path)
    }
    streams = listing.streams
    self.stream = stream
    let all = listing.packets[stream.index] ?? []
    let start = all.firstIndex(where: \.isKey) ?? 0
    // Some pictures shown before the first key frame depend on data that is not there.
    let first = all.indices.contains(start) && all[start].isKey ? all[start].stamp : nil
    packets = all[start...].filter { packet in
      guard let first, let stamp = packet.stamp, start > 0 else { return true }
      return stamp >= first
    }
    headlessCount = all.count - packets.count
    // Files of this kind have no header that covers the whole file: their reported length is a
    // guess based on their end.
    claimedSeconds = format == .mpegts ? nil : stream.duration ?? listing.duration
    let end = stream.duration == nil ? listing.end.values.max() : listing.end[stream.index]
    missingSeconds = claimedSeconds.flatMap { claimed in end.map { claimed - $0 } } ?? 0
    complaint = child.complaint
    isTruncated = try format.isTruncated(path, byteCount: byteCount)
  }

  // MARK: - The end

  /// Number of frames that the header claims beyond those present; 0 if it claims more frames than
  /// the file has bytes.
  func lostCount(byteCount: Int) -> Int {
    guard let claimed = stream.claimedCount, claimed <= byteCount else { return 0 }
    return max(0, claimed - packets.count - headlessCount)
  }

  /// How far a duration may be off, in seconds and as a share, without anything missing.
  private static let (tolerance, shareTolerance) = (0.5, 0.05)

  /// Whether the file is cut off: its structure is truncated, or frames that the header claims are
  /// missing and the program that lists packets complains.
  var isCutOff: Bool {
    let frame = 1.5 / (stream.frameRate?.framesPerSecond ?? 24)
    let claimsMore = missingSeconds > frame || (stream.claimedCount ?? 0) > packets.count
    return isTruncated || (!complaint.isEmpty && claimsMore)
  }

  /// Whether the header claims much more than there is, even without complaints.
  var endsEarly: Bool {
    missingSeconds
      > max(VideoSurvey.tolerance, VideoSurvey.shareTolerance * (claimedSeconds ?? 0))
  }

  /// "after 1.0 s of 2.0 s", as far as known.
  var endText: String {
    if let claimed = stream.claimedCount, claimed > shownCount {
      return "after \(shownCount) of \(claimed) frames"
    }
    guard let claimedSeconds, missingSeconds > 0 else { return "after \(shownCount) frames" }
    let rate = stream.frameRate?.framesPerSecond ?? 0
    let missing = Int((missingSeconds * rate).rounded())
    return "after \(fixed(claimedSeconds - missingSeconds, 1)) s of \(fixed(claimedSeconds, 1)) s"
      + (missing > 0 ? ", about \(missing) frames too early" : "")
  }
}

/// Collects the lines about packets and streams.
private struct PacketListing {
  var streams: [VideoSurvey.Stream] = []
  /// Packets by stream index.
  var packets: [Int: [VideoSurvey.Packet]] = [:]
  /// Time at which the last packet of each stream ends, in seconds.
  var end: [Int: Double] = [:]
  var duration: Double?

  mutating func take(_ line: ProberOutput.Line) {
    switch line.kind {
    case "packet": takePacket(line)
    case "stream": takeStream(line)
    case "format": duration = line["duration"].flatMap { Double($0) }
    default: break
    }
  }

  private mutating func takePacket(_ line: ProberOutput.Line) {
    guard let index = line["stream_index"].flatMap({ Int($0) }) else { return }
    let flags = line["flags"] ?? ""
    packets[index, default: []].append(
      VideoSurvey.Packet(
        stamp: line["pts"].flatMap { Int($0) }, isHidden: flags.contains("D"),
        isKey: flags.contains("K")))
    if let time = line["pts_time"].flatMap({ Double($0) }) {
      let last = time + (line["duration_time"].flatMap { Double($0) } ?? 0)
      end[index] = max(end[index] ?? 0, last)
    }
  }

  private mutating func takeStream(_ line: ProberOutput.Line) {
    guard let index = line["index"].flatMap({ Int($0) }) else { return }
    func isSet(_ name: String) -> Bool { line["disposition:\(name)"] == "1" }
    streams.append(
      VideoSurvey.Stream(
        index: index, isVideo: line["codec_type"] == "video",
        isAttached: isSet("attached_pic") || isSet("timed_thumbnails") || isSet("still_image"),
        isDefault: isSet("default"), claimedCount: line["nb_frames"].flatMap { Int($0) },
        duration: line["duration"].flatMap { Double($0) }
          ?? line["tag:DURATION"].flatMap { PacketListing.seconds($0) },
        frameRate: line["avg_frame_rate"].flatMap { FrameRate(parsing: $0) }
          ?? line["r_frame_rate"].flatMap { FrameRate(parsing: $0) },
        isInterlaced: ["tt", "bb", "tb", "bt"].contains(line["field_order"] ?? "")))
  }

  /// Parses "00:00:02.000000000" to seconds.
  private static func seconds(_ text: String) -> Double? {
    let parts = text.split(separator: ":").map { Double($0) }
    guard parts.count == 3, let hours = parts[0], let minutes = parts[1], let rest = parts[2] else {
      return nil
    }
    return 3600 * hours + 60 * minutes + rest
  }
}
