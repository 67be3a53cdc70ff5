import Bytes
import JSON

// The stored form of a session, from which the next server restores it.

extension PictureSession {
  var stored: JSONValue {
    [
      "kind": "picture", "name": .string(name), "width": .init(width), "height": .init(height),
      "contents": .string(source.contents.text),
      "media": source.mediaPath.map { .string($0) } ?? .null,
      "objects": .array(objects.map(\.json)),
    ]
  }

  /// The session stored under `id`; nil if it is damaged.
  convenience init?(id: String, stored json: JSONValue, _ limits: WorkLimits) {
    guard let name = json["name"]?.string, let width = json["width"]?.int,
      let height = json["height"]?.int, width > 0, height > 0,
      let contents = json["contents"]?.string.flatMap({ ContentHash(text: $0) }),
      let list = json["objects"]?.array
    else { return nil }
    let objects = list.compactMap {
      try? ObjectRecord(json: $0, width: width, height: height, limits: limits)
    }
    guard objects.count == list.count else { return nil }
    let media = json["media"]?.string
    self.init(
      id: id,
      source: PictureSource(
        name: name, contents: contents, width: width, height: height,
        place: media.map { .media($0) } ?? .stored(id)), objects: objects)
  }
}
