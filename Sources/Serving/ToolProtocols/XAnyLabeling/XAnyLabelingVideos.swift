import Bytes
import Detector
import Endpoints
import JSON
import Media
import SAM2
import Synchronization
import Workbench

/// The video part of X-AnyLabeling's protocol.
struct XAnyLabelingVideos: Sendable {
  private let workbench: Workbench
  private let objects = ObjectNumbers()
  private let names = ObjectWords()

  private let words: WordFinder

  init(_ workbench: Workbench, _ words: WordFinder) {
    (self.workbench, self.words) = (workbench, words)
  }

  /// Maps the client's object numbers, which are not limited, to the server's, which are.
  private final class ObjectNumbers: Sendable {
    private let known = Guarded<[String: [Int]]>([:])

    /// The server's number for object `theirs` in a session.
    func number(_ theirs: Int, in session: String) -> Int {
      known.withLock { known in
        if let index = known[session]?.firstIndex(of: theirs) { return index + 1 }
        known[session, default: []].append(theirs)
        return known[session]?.count ?? 1
      }
    }

    /// The client's number for the server's object `ours`.
    func original(_ ours: Int, in session: String) -> Int {
      known.withLock { known in
        guard let list = known[session], list.indices.contains(ours - 1) else { return ours }
        return list[ours - 1]
      }
    }

    func forget(_ session: String) { known.withLock { _ = $0.removeValue(forKey: session) } }
  }

  /// The words by which objects were found.
  private final class ObjectWords: Sendable {
    private let known = Guarded<[String: [Int: String]]>([:])

    func set(_ words: [Int: String], in session: String) {
      known.withLock { $0[session, default: [:]].merge(words) { $1 } }
    }

    /// The label of an object; the tool's placeholder for one that was marked.
    func name(_ object: Int, in session: String) -> String {
      known.withLock { $0[session]?[object] } ?? PolygonShapes.markedLabel
    }

    func forget(_ session: String) { known.withLock { _ = $0.removeValue(forKey: session) } }
  }

  // MARK: - Requests

  func start(_ call: Call) async throws -> Answer {
    let json = try call.json()
    var frames: [[UInt8]] = []
    for element in try json.requiredArray("frames") {
      guard let text = element.string else {
        throw Failure(.badInput, code: "json.type", "\"frames\" holds pictures as text")
      }
      frames.append(try DataAddress.bytes(text, limit: workbench.limits.pictureBytes))
    }
    guard !frames.isEmpty else {
      throw Failure(.badInput, code: "video.empty", "there are no frames")
    }
    let session = try await workbench.videos.open(frames: frames)
    return XAnyLabelingEndpoints.answer([
      "session_id": .string(session.id), "total_frames": .init(session.frameCount),
    ])
  }

  func prompt(_ call: Call) async throws -> Answer {
    let json = try call.json()
    let session = try await session(json)
    let shapes = try PolygonShapes(params: json["params"])
    let frame = try json.requiredInt("frame_index")
    if let texts = try XAnyLabelingWords.texts(json["text_prompt"]) {
      return try await find(texts, on: frame, of: session, json["params"], shapes)
    }
    let object = objects.number(json["obj_id"]?.wholeNumber ?? 1, in: session.id)
    let prompt = VideoPrompt(
      frame: frame, object: object, points: try points(json, session))
    let masks = try await workbench.videos.add(prompt, to: session)
    return XAnyLabelingEndpoints.answer([
      "frame_index": .init(frame),
      "masks": .array(
        try polygons(masks, session, shapes).filter { $0.object == object }
          .flatMap(\.shapes)),
    ])
  }

  /// Every object that the words name on a frame is added to the session's; all are in the answer.
  private func find(
    _ texts: [String], on frame: Int, of session: VideoSession, _ params: JSONValue?,
    _ shapes: PolygonShapes
  ) async throws -> Answer {
    let options = try XAnyLabelingWords.options(params)
    let (found, _) = try await words.find(texts, options: options) {
      try await workbench.videos.picture(of: session, frame: frame)
    }
    var masks: JSONValue?
    var labels: [Int: String] = [:]
    for (index, detection) in found.enumerated() {
      let object = objects.number(index + 1, in: session.id)
      labels[object] = texts[detection.query]
      masks = try await workbench.videos.add(
        VideoPrompt(frame: frame, object: object, box: Prompt.Box(detected: detection)),
        to: session)
    }
    names.set(labels, in: session.id)
    return XAnyLabelingEndpoints.answer([
      "frame_index": .init(frame),
      "masks": .array(try masks.map { try polygons($0, session, shapes).flatMap(\.shapes) } ?? []),
    ])
  }

  /// Points as fractions of the frame's sides.
  private func points(
    _ json: JSONValue, _ session: VideoSession
  ) throws(Failure) -> [Prompt.Point] {
    let places = try json.requiredArray("points")
    let labels = try json.requiredWholeNumbers("point_labels")
    guard places.count == labels.count, !places.isEmpty,
      places.count <= workbench.limits.points
    else {
      throw Failure(
        .badInput, code: "serve.points",
        "\(places.count) points have \(labels.count) labels; each needs one")
    }
    var points: [Prompt.Point] = []
    for (place, label) in zip(places, labels) {
      guard let x = place[0]?.double, let y = place[1]?.double, (0...1).contains(x),
        (0...1).contains(y), (0...1).contains(label)
      else {
        throw Failure(
          .badInput, code: "x_anylabeling.points",
          "points are shares of the frame's width and height, with labels 0 and 1")
      }
      points.append(
        .init(
          x: Float(x * Double(session.width)), y: Float(y * Double(session.height)),
          label: label))
    }
    return points
  }

  func propagate(_ call: Call) async throws -> Answer {
    let json = try call.json()
    let session = try await session(json)
    let shapes = try PolygonShapes(params: json["params"])
    let start = json["start_frame"]?.wholeNumber
    let end = json["end_frame"]?.wholeNumber
    if let end, end < start ?? 0 {
      throw Failure(
        .badInput, code: "x_anylabeling.range", "the last frame comes before the first")
    }
    let job = try workbench.videos.track(
      session, TrackingRange(start: start, maxFrames: end.map { $0 - (start ?? 0) }))
    return Answer(events: events(of: job, session, start ?? 0, shapes))
  }

  func cleanUp(_ call: Call) async throws -> Answer {
    let id = try call.parameter("session")
    objects.forget(id)
    names.forget(id)
    workbench.videos.close(try await workbench.videos.session(id).id)
    return XAnyLabelingEndpoints.answer(["session_id": .string(id)])
  }

  private func session(_ json: JSONValue) async throws -> VideoSession {
    try await workbench.videos.session(json.requiredString("session_id"))
  }

  // MARK: - Results

  /// The protocol's events; a client that disconnects ends the job.
  private func events(
    of job: WorkJob, _ session: VideoSession, _ start: Int, _ shapes: PolygonShapes
  ) -> AsyncStream<StreamEvent> {
    let (stream, continuation) = AsyncStream.makeStream(of: StreamEvent.self)
    func send(_ json: JSONValue) { continuation.yield(StreamEvent(data: json.text())) }
    send([
      "type": "started", "total_frames": .init(session.frameCount),
      "start_frame_index": .init(start),
    ])
    let task = Task {
      var results: [(key: String, value: JSONValue)] = []
      for await event in job.events(after: 0) {
        let json = try? JSONValue(parsing: event.data)
        switch event.name {
        case "frame":
          guard let json, let frame = json["frame"]?.int else { continue }
          let masks = (try? polygons(json, session, shapes)) ?? []
          results.append(("\(frame)", ["masks": .array(masks.flatMap(\.shapes))]))
          send([
            "type": "progress", "current_frame": .init(frame),
            "total_frames": .init(session.frameCount),
          ])
        case "failed":
          send(["type": "error", "message": json?["message"] ?? "tracking failed"])
        case "done", "cancelled":
          send(["type": "completed", "results": .object(results)])
        default: break
        }
      }
      continuation.finish()
    }
    continuation.onTermination = { ending in
      if case .cancelled = ending { job.cancel() }
      task.cancel()
    }
    return stream
  }

  /// The polygons of each object in the session's masks of a frame.
  private func polygons(
    _ masks: JSONValue, _ session: VideoSession, _ shapes: PolygonShapes
  ) throws(Failure) -> [(object: Int, shapes: [JSONValue])] {
    var found: [(object: Int, shapes: [JSONValue])] = []
    for entry in masks["objects"]?.array ?? [] {
      let object = try entry.requiredInt("object")
      let runs = try RunLengthMask(
        width: session.width, height: session.height,
        cocoCounts: entry.requiredString("counts"))
      found.append(
        (
          object,
          shapes.shapes(
            of: runs.mask, label: names.name(object, in: session.id),
            score: try entry.requiredDouble("presence"),
            group: objects.original(object, in: session.id))
        ))
    }
    return found
  }
}
