import Annotations
import Bytes
import CLISupport
import JSON
import Media
import SAM2

/// Plays a plan on a video and writes what comes out.
final class TrackJob {
  private let predictor: VideoPredictor
  let outputs: TrackOutputs
  private let annotations: AnnotationFolder
  /// The names of the frames' files; empty for a video file.
  private let frameNames: [String]
  /// The last masks of each frame.
  private var pictures: [Int: AnnotatedPicture] = [:]
  private var clock = StageClock()
  /// The last result of each frame, as JSON.
  private var frames: [Int: JSONValue] = [:]
  /// Answers to annotations that are not written yet, oldest first.
  private var pending: [FrameResult] = []
  private var trackedFrameCount = 0

  /// `context` is completed with what the predictor knows about the video `video`.
  init(
    predictor: VideoPredictor, outputs: TrackOutputs, context: AnnotationContext, video: String,
    source: FrameSource
  ) {
    self.predictor = predictor
    self.outputs = outputs
    frameNames = source.framePaths.map { fileName($0) }
    let rate = source.frameRate?.framesPerSecond ?? TrackJob.folderFrameRate
    var complete = context
    complete.video = VideoFacts(
      identifier: fileStem(video), frameCount: predictor.frameCount, width: predictor.width,
      height: predictor.height, duration: Double(predictor.frameCount) / rate)
    annotations = outputs.annotations(complete)
  }

  /// Frames a second of a folder, which does not say: the usual rate of the data sets.
  private static let folderFrameRate = 24.0

  /// Plays `plan`; `progress` is called after each tracked frame.
  ///
  /// Answers to annotations wait for the tracking that follows them, so that a mistake in a later
  /// annotation leaves no files.
  func track(_ plan: TrackPlan, progress: (Propagation.Progress) -> Void) throws {
    var lapStart = StageClock.now()
    func handle(_ event: InteractionScript.Event) throws {
      let lap = (StageClock.now() - lapStart) * 1000
      switch event {
      case .edited(let result, _):
        clock.add("annotate", milliseconds: lap)
        pending.append(result)
      case .tracked(let result, let done, _):
        clock.add("track", milliseconds: lap)
        trackedFrameCount += 1
        try writePending()
        try write(result, lap: lap)
        progress(done)
      }
      lapStart = StageClock.now()
    }
    try plan.script.run(on: predictor, loadMask: { try plan.mask($0) }, handle: handle)
    try writePending()
  }

  private func writePending() throws(Failure) {
    for result in pending { try write(result, lap: nil) }
    pending = []
  }

  private func write(_ result: FrameResult, lap: Double?) throws(Failure) {
    try clock.time("write") { () throws(Failure) in
      // An object without a result on this frame has nothing to write.
      let masks = zip(result.objects, result.masks())
        .filter { $0.0.objectScore != nil }.map { (object: $0.0, mask: $0.1.mask) }
      let picture = annotated(result.frame, masks)
      let files = try annotations.files(of: picture)
      try outputs.write(files, of: result.frame, objects: masks.map(\.object))
      pictures[result.frame] = picture
      var entries: [(key: String, value: JSONValue)] = [("frame", .init(result.frame))]
      if let file = outputs.paletteFile(result.frame) { entries.append(("mask", .string(file))) }
      entries += [
        ("files", .array(files.map { .string($0.name) })),
        (
          "objects",
          .array(
            masks.map { object, mask in
              [
                "object": .init(object.id), "object_score": .init(object.objectScore ?? 0),
                "area": .init(mask.area),
              ]
            })
        ),
      ]
      if let lap { entries.append(("milliseconds", milliseconds(lap))) }
      frames[result.frame] = .object(entries)
    }
  }

  private func annotated(
    _ frame: Int, _ masks: [(object: FrameResult.Object, mask: BinaryMask)]
  ) -> AnnotatedPicture {
    let name =
      frameNames.indices.contains(frame) ? frameNames[frame] : "\(fiveDigits(frame)).jpg"
    return AnnotatedPicture(
      name: name, stem: fiveDigits(frame), index: frame, width: predictor.width,
      height: predictor.height,
      masks: masks.sorted { $0.object.id < $1.object.id }.map {
        AnnotatedMask(object: $0.object.id, score: nil, mask: $0.mask)
      })
  }

  /// Writes the files about the whole video.
  /// - Returns: their paths.
  func finish() throws(Failure) -> [String] {
    try clock.time("write") { () throws(Failure) in
      let files = try annotations.files(ofAll: pictures.sorted { $0.key < $1.key }.map(\.value))
      try AnnotationFolder.write(files)
      return files.map(\.name)
    }
  }

  // MARK: - Overlay

  /// Draws the written masks over all frames of the video again, in their order.
  ///
  /// A second pass, because tracking may go backwards, and later passes replace earlier results.
  func drawOverlay(
    of video: String, _ marks: [Int: [Overlay.Prompt]], progress: (Int, Int) -> Void
  ) throws(Failure) {
    try clock.time("overlay") { () throws(Failure) in
      try outputs.drawOverlay(
        of: video, frameCount: predictor.frameCount, masks: pictures, marks: marks,
        progress: progress)
    }
  }

  // MARK: - Telling

  var summary: String {
    let seconds = clock["track"] / 1000
    let rate = seconds > 0 ? Double(trackedFrameCount) / seconds : 0
    let objects = predictor.objectIDs.count
    return "\(trackedFrameCount) frames tracked, \(objects) object\(objects == 1 ? "" : "s"), "
      + "\(fixed(rate, rate < 10 ? 2 : 1)) frames/s"
  }

  /// A line for each graph that has run.
  var stageLines: [String] {
    stages.map { name, timing in
      "\(name): \(timing.calls) calls, \(fixed(timing.seconds * 1000 / Double(timing.calls), 1)) ms"
    }
  }

  private var stages: [(name: String, timing: GraphTiming)] {
    let timings = predictor.model.program?.timings ?? [:]
    return timings.filter { $0.value.calls > 0 }.map { ($0.key, $0.value) }.sorted { $0.0 < $1.0 }
  }

  /// The members of the JSON report.
  var report: [(key: String, value: JSONValue)] {
    let graphs = stages.map { name, timing in
      (
        key: name,
        value: [
          "calls": .init(timing.calls), "total": milliseconds(timing.seconds * 1000),
        ] as JSONValue
      )
    }
    return [
      ("width", .init(predictor.width)), ("height", .init(predictor.height)),
      ("frame_count", .init(predictor.frameCount)),
      ("frames", .array(frames.sorted { $0.key < $1.key }.map(\.value))),
      ("milliseconds", clock.json), ("graph_milliseconds", .object(graphs)),
    ]
  }
}
