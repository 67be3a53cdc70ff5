public import Annotations
public import Bytes
public import Detector
public import JSON
public import JobSupport

/// One picture and what was found in it.
public struct DetectResult {
  public let image: String
  /// In the form used by the files about all pictures.
  public let boxed: BoxedPicture
  /// The names of the queries.
  public let labels: [String]
  /// Best first.
  public let detections: [Detection]
  public let files: [String]
  public let clock: StageClock
  public let notices: [Notice]

  /// The picture's entry in a report.
  public var json: JSONValue {
    var entries: [(key: String, value: JSONValue)] = [
      ("image", .string(image)), ("width", .init(boxed.width)), ("height", .init(boxed.height)),
      ("detections", .array(detections.map { $0.json(labels) })),
      ("files", .array(files.map { .string($0) })), ("milliseconds", clock.json),
    ]
    if !notices.isEmpty { entries.append(("notices", notices.json)) }
    return .object(entries)
  }
}

extension Detection {
  /// Label, score and box [x0, y0, x1, y1].
  func json(_ labels: [String]) -> JSONValue {
    [
      "label": .string(labels.indices.contains(query) ? labels[query] : ""),
      "score": .init(score),
      "box": .array([box.x0, box.y0, box.x1, box.y1].map { .init($0) }),
    ]
  }
}
