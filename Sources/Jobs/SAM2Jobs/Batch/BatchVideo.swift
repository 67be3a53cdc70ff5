import Annotations
import Bytes
import Detector
import JSON
import JobSupport
import Media
import SAM2

/// The video of one item: plays its script, writes its files, and reports its results.
struct BatchVideo {
  let folder: BatchItemFolder
  private let driver: VideoDriver
  /// Performs the plan's searches; nil if it has none.
  private let words: WordTracking?
  private let plan: TrackPlan
  private let options: BatchTrackOptions
  private let overlay: VideoOverlay
  private let path: String
  private let toleratesDamage: Bool
  private let pictures: PictureOptions
  private let source: FrameSource
  private let names: FrameNames

  init(
    _ plan: TrackPlan, _ options: BatchTrackOptions, _ task: BatchStages.Task,
    _ model: SegmentationModel, _ detector: Detector?, _ writer: BatchWriter,
    _ settings: BatchSettings, _ index: Int
  ) throws(Failure) {
    var plan = plan
    try plan.loadMasks(settings.reading)
    self.plan = plan
    self.options = options
    path = task.item.path
    let tolerates = options.toleratesDamage ?? settings.toleratesDamage
    toleratesDamage = tolerates
    pictures = settings.reading.pictures
    source = try FrameSource(
      path: path, options: pictures, toleratesDamage: toleratesDamage)
    var video = options.video
    // The player refuses an item whose tracker differs from its script's.
    if !options.namesTracker { video.tracker = plan.script.tracker ?? video.tracker }
    video.skipsUnreadableFrames = toleratesDamage
    let predictor = try VideoPredictor(model, frames: source, options: video)
    let description = try VideoDescription(
      source, of: task.item.input, frameCount: predictor.frameCount)
    names = description.names
    var context = options.context(settings.context).about(description.facts)
    if plan.hasSearches { context.categories = plan.categories(unnamed: context.category) }
    folder = try BatchItemFolder(
      writer, task.formats, index, id: task.item.id, context: context,
      hasOtherFiles: options.hasOtherFiles)
    overlay = try BatchVideo.overlay(options, in: folder)
    let player = ScriptPlayer(plan.script, on: predictor) { [plan] in try plan.mask($0) }
    words = try detector.map { detector throws(Failure) in
      try WordTracking(
        detector, plan: plan, options: settings.detection,
        frames: FrameSource(
          path: task.item.path, options: settings.reading.pictures, toleratesDamage: tolerates),
        toleratesDamage: tolerates,
        objectLimit: task.formats.kinds.contains(where: \.needsSmallNumbers) ? 255 : 999_999)
    }
    driver = VideoDriver(
      player,
      into: BatchFrameSink(
        folder: folder, description: description, savesLogits: options.savesLogits,
        labels: words?.labels ?? FoundLabels()),
      ledger: VideoLedger(
        keepsMasks: folder.formats.needsAllMasks || !overlay.isEmpty, keepsReport: true),
      words: words)
  }

  private static func overlay(
    _ options: BatchTrackOptions, in folder: BatchItemFolder
  ) throws(Failure) -> VideoOverlay {
    var overlay = VideoOverlay(parts: options.overlayParts)
    switch options.overlay {
    case .movie: overlay.target = .movie(folder.temporaryPath(BatchResults.movie))
    case .pictures:
      overlay.target = .folder(try OutputFolder(folder.temporaryPath(BatchResults.overlay)))
    case nil: break
    }
    overlay.contactSheet = options.contactSheet.map {
      folder.temporaryPath("\(BatchResults.contactSheet).\($0)")
    }
    return overlay
  }

  /// Plays the script; `heartbeat` is called after each frame.
  /// - Returns: the members of the result.
  /// - Throws: `BatchStages.Stopped` if `cancellation` requests it before the end.
  func run(cancellation: Cancellation, heartbeat: @escaping () -> Void) throws -> BatchMembers {
    try driver.play(
      stopAfter: options.stopAfter, cancellation: cancellation,
      events: .init(progress: { _ in heartbeat() }))
    guard driver.isOver || driver.trackedFrameCount == options.stopAfter else {
      throw BatchStages.Stopped()
    }
    let files = try driver.finish()
    if !overlay.isEmpty { try draw(cancellation, heartbeat) }
    return members(files)
  }

  private func draw(_ cancellation: Cancellation, _ heartbeat: () -> Void) throws {
    let source = try FrameSource(
      path: path, options: pictures, toleratesDamage: toleratesDamage)
    try driver.draw(overlay, on: source, names, marks: driver.marks) { _, _ in
      heartbeat()
      if cancellation.isRequested { throw BatchStages.Stopped() }
    }
  }

  // MARK: - The result

  /// Omissions and choices, and whether the video ended early.
  var notices: [Notice] {
    source.notices + plan.notices + (words?.notices ?? [])
      + plan.promptNotices(width: driver.predictor.width, height: driver.predictor.height)
  }

  /// Number of skipped frames.
  var skippedCount: Int { driver.ledger.skipped.count }

  private func members(_ files: [String]) -> BatchMembers {
    let predictor = driver.predictor
    var members: BatchMembers = [
      ("width", .init(predictor.width)), ("height", .init(predictor.height)),
      ("frame_count", .init(predictor.frameCount)),
    ]
    if options.stopAfter != nil { members.append(("finished", .bool(driver.isOver))) }
    let skipped = driver.ledger.skipReport.map { entry -> JSONValue in
      ["frame": entry["frame"] ?? .null, "code": entry["code"] ?? .null]
    }
    if !skipped.isEmpty { members.append(("skipped", .array(skipped))) }
    members += BatchItemFolder.members(and: files)
    if let form = options.overlay {
      let name = form == .movie ? BatchResults.movie : BatchResults.overlay
      members.append(("overlay", .string(folder.path(name))))
    }
    if let kind = options.contactSheet {
      members.append(
        ("contact_sheet", .string(folder.path("\(BatchResults.contactSheet).\(kind)"))))
    }
    if options.savesLogits {
      members.append(("logits", .string(folder.path(BatchResults.logits))))
    }
    if let words { members.append(("objects", .array(words.labels.report))) }
    members.append(("frames", .array(driver.ledger.report)))
    return members
  }
}
