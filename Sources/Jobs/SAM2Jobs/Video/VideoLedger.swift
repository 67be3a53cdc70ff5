import Annotations
import Bytes
import JSON
import Media

/// The frames of a video, as needed by files about the whole video.
///
/// Empty if there are no such files, so that memory does not grow with the video; complete even if
/// the job was stopped partway.
struct VideoLedger {
  let keepsReport: Bool
  private let keepsMasks: Bool
  /// The latest masks of each frame.
  private(set) var masks: [Int: AnnotatedPicture] = [:]
  private var frames: [Int: JSONValue] = [:]
  /// Omitted frames, with the reason.
  private(set) var skipped: [Int: JSONValue] = [:]

  init(keepsMasks: Bool, keepsReport: Bool) {
    self.keepsMasks = keepsMasks
    self.keepsReport = keepsReport
  }

  /// The latest masks of all frames, in order.
  var pictures: [AnnotatedPicture] { masks.sorted { $0.key < $1.key }.map(\.value) }

  /// The latest report of each frame, in order.
  var report: [JSONValue] { frames.sorted { $0.key < $1.key }.map(\.value) }

  mutating func remember(_ picture: AnnotatedPicture) {
    if keepsMasks { masks[picture.index] = picture }
  }

  mutating func remember(_ report: JSONValue, of frame: Int) {
    if keepsReport { frames[frame] = report }
  }

  // MARK: - Frames left out

  mutating func skip(_ frame: Int, _ failure: Failure) {
    skipped[frame] = [
      "frame": .init(frame), "code": .string(failure.code),
      "message": .string(printable(failure.description, limit: 2000)),
    ]
  }

  func isSkipped(_ frame: Int) -> Bool { skipped[frame] != nil }

  /// The omitted frames, in order.
  var skipReport: [JSONValue] { skipped.sorted { $0.key < $1.key }.map(\.value) }

  // MARK: - In a state file

  /// Everything recorded, as JSON text; parts that are not kept are null.
  ///
  /// `searches` are the notes of a script that contains searches.
  func notes(searches: JSONValue? = nil) -> [UInt8] {
    let notes: [(key: String, value: JSONValue)] = [
      ("masks", keepsMasks ? .array(pictures.map(\.json)) : .null),
      ("frames", keepsReport ? .array(report) : .null), ("skipped", .array(skipReport)),
    ]
    return Array(
      JSONValue.object(notes + (searches.map { [("searches", $0)] } ?? [])).text().utf8)
  }

  /// The notes as JSON.
  /// - Throws: `state.notes`.
  static func json(_ notes: [UInt8]) throws(Failure) -> JSONValue {
    var limits = JSONLimits()
    limits.byteCount = max(limits.byteCount, notes.count)
    do {
      return try JSONValue(parsing: notes, limits: limits)
    } catch {
      throw VideoLedger.damaged()
    }
  }

  /// Restores the notes of a stopped job on a video of `width` x `height`; `labels` names the
  /// objects, and `picture` creates the picture of a frame.
  /// - Throws: `state.report` if the job did not keep what this one needs; `state.notes`.
  mutating func restore(
    _ notes: [UInt8], width: Int, height: Int, labels: FoundLabels = FoundLabels(),
    picture: (Int, [AnnotatedMask]) -> AnnotatedPicture
  ) throws(Failure) {
    let json = try VideoLedger.json(notes)
    for (key, isNeeded) in [("masks", keepsMasks), ("frames", keepsReport)]
    where isNeeded && json[key]?.array == nil {
      throw Failure(
        .usage, code: "state.report",
        "the stopped job kept no \(key == "masks" ? "masks" : "report") of its frames",
        hint: "give the formats, the overlay and --json from the start of a job")
    }
    if keepsMasks {
      for element in json["masks"]?.array ?? [] {
        guard let frame = element["frame"]?.int, let list = element["masks"]?.array else {
          throw VideoLedger.damaged()
        }
        var found: [AnnotatedMask] = []
        for mask in list {
          guard let object = mask["object"]?.int, let counts = mask["counts"]?.string else {
            throw VideoLedger.damaged()
          }
          let runs = try RunLengthMask(width: width, height: height, cocoCounts: counts)
          found.append(labels.annotated(object, runs.mask).compact)
        }
        masks[frame] = picture(frame, found)
      }
    }
    for element in json["skipped"]?.array ?? [] {
      guard let frame = element["frame"]?.int else { throw VideoLedger.damaged() }
      skipped[frame] = element
    }
    if keepsReport {
      for element in json["frames"]?.array ?? [] {
        guard let frame = element["frame"]?.int else { throw VideoLedger.damaged() }
        frames[frame] = element
      }
    }
  }

  static func damaged() -> Failure {
    Failure(.badInput, code: "state.notes", "the notes of the state are not those of this command")
  }
}

extension AnnotatedPicture {
  fileprivate var json: JSONValue {
    [
      "frame": .init(index),
      "masks": .array(
        masks.map { ["object": .init($0.object), "counts": .string($0.cocoCounts)] }),
    ]
  }
}
