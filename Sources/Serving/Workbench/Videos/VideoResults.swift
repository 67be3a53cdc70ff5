import Annotations
import Bytes
import Glibc
import JSON
import Media
import SAM2
import SAM2Jobs

/// The known masks of a video's frames, from the most recent answer or tracking of each.
struct VideoResults: Sendable {
  struct Entry: Sendable {
    let object: Int
    let counts: String
    let area: Int
    /// Certainty that the object is present, 0...1.
    let presence: Double
  }

  /// By frame, in the order in which objects were added.
  private(set) var frames: [Int: [Entry]] = [:]

  /// Adopts the masks of `result`; objects without a mask in it have none.
  mutating func add(_ result: FrameResult) {
    frames[result.frame] = VideoResults.entries(result)
  }

  /// Adopts the masks of a frame about which nothing else is known.
  mutating func add(_ picture: AnnotatedPicture) {
    frames[picture.index] = picture.masks.map { mask in
      Entry(
        object: mask.object, counts: mask.cocoCounts, area: mask.area,
        presence: mask.isEmpty ? 0 : 1)
    }
  }

  static func entries(_ result: FrameResult) -> [Entry] {
    zip(result.objects, result.masks()).compactMap { object, found in
      guard let score = object.objectScore else { return nil }
      let runs = RunLengthMask(found.mask)
      return Entry(
        object: object.id, counts: runs.cocoCounts, area: runs.area,
        presence: 1 / (1 + exp(-Double(score))))
    }
  }

  mutating func remove(object: Int) {
    for (frame, entries) in frames {
      frames[frame] = entries.filter { $0.object != object }
    }
  }

  mutating func removeAll() { frames = [:] }

  // MARK: - For others

  /// The frame in the form that formats take.
  func picture(
    _ frame: Int, _ description: VideoDescription, width: Int, height: Int
  ) throws(Failure) -> AnnotatedPicture {
    var masks: [AnnotatedMask] = []
    for entry in (frames[frame] ?? []).sorted(by: { $0.object < $1.object }) {
      let runs = try RunLengthMask(width: width, height: height, cocoCounts: entry.counts)
      masks.append(AnnotatedMask(object: entry.object, score: nil, mask: runs.mask))
    }
    return description.picture(frame, masks)
  }

  /// The frames on which each object has a mask: [frame, presence, area].
  var lanes: JSONValue {
    var lanes: [Int: [JSONValue]] = [:]
    for (frame, entries) in frames.sorted(by: { $0.key < $1.key }) {
      for entry in entries {
        let presence = (entry.presence * 1000).rounded() / 1000
        lanes[entry.object, default: []].append(
          [.init(frame), .number(presence), .init(entry.area)])
      }
    }
    return .array(
      lanes.sorted { $0.key < $1.key }.map {
        ["object": .init($0.key), "frames": .array($0.value)]
      })
  }

  var json: JSONValue {
    .array(
      frames.sorted { $0.key < $1.key }.map { frame, entries in
        ["frame": .init(frame), "objects": .array(entries.map(\.json))]
      })
  }

  init() {}

  /// Reads the output of `json`, for a video of `width` x `height`; nil if it is damaged.
  init?(json: JSONValue, width: Int, height: Int) {
    guard let list = json.array else { return nil }
    for element in list {
      guard let frame = element["frame"]?.int, let objects = element["objects"]?.array else {
        return nil
      }
      let entries = objects.compactMap { Entry(json: $0) }
      let areSound = entries.allSatisfy { entry in
        (try? RunLengthMask(width: width, height: height, cocoCounts: entry.counts)) != nil
      }
      guard entries.count == objects.count, areSound else { return nil }
      frames[frame] = entries
    }
  }
}

extension VideoResults.Entry {
  var json: JSONValue {
    [
      "object": .init(object), "counts": .string(counts), "area": .init(area),
      "presence": .number(presence),
    ]
  }

  fileprivate init?(json: JSONValue) {
    guard let object = json["object"]?.int, let counts = json["counts"]?.string,
      let area = json["area"]?.int, let presence = json["presence"]?.double
    else { return nil }
    self.init(object: object, counts: counts, area: area, presence: presence)
  }
}
