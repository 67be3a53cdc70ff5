import Annotations
import ArgumentParser
import Bytes
import CLISupport
import JSON
import Media
import SAM2
import SAM2Jobs

struct TrackCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "track",
    abstract: "Follows objects through a video, or a folder of JPEG, PNG or WebP frames.",
    discussion: """
      Examples:

        sam2 track clip.mp4 --point 210,350 -o masks --overlay masks.mp4
        sam2 track clip.mp4 --object 1 --point 210,350 \\
          --object 2 --frame 30 --box 300,0,500,400 -o masks
        sam2 track frames --script session.json -o masks
        sam2 track clip.mp4 --text "red car" --detector owlv2.sam2 --detect-every 30 -o masks
        sam2 track --live /dev/video0 --box 300,0,500,400 > lines.jsonl
        ffmpeg -re -i clip.mp4 -f mpegts - | sam2 track --live - --prompts-from prompts.fifo

      Prompt options apply in the order given: --object and --frame choose the object and frame of \
      the following --point, --box and --mask-prompt (object 1 on frame 0 until then). Objects are \
      followed to the end of the video, and back to its start when the first prompt comes later.

      DIR/FRAME.png are palette PNGs whose values are object numbers (DAVIS); where objects \
      overlap the lowest number wins. FRAME is the name of the frame's own file, 00000 and so on \
      for a video file. Formats/annotations.md describes the other formats, Formats/interaction-script.md \
      scripts, Formats/live.md the lines of --live. Results of an earlier run are replaced as a whole.
      """)

  @Argument(
    help: "A video file, a folder of frames, or what --live describes.", completion: .file())
  var video: String

  @OptionGroup(title: "Prompts") var prompts: TrackPrompts

  @Option(
    name: [.short, .long],
    help: ArgumentHelp("Folder for masks; --live may do without.", valueName: "dir"))
  var output: String?

  @Flag(help: "Remove files from DIR that look like results and may be somebody's work.")
  var force = false

  @OptionGroup(title: "Frames") var frames: ReadingOptions
  @OptionGroup(title: "Formats") var formats: AnnotationOptions

  @Option(
    help: ArgumentHelp(
      "Also draw the masks over the frames: an .mp4 file (needs ffmpeg), or a folder of JPEGs.",
      valueName: "out"))
  var overlay: String?

  @Option(
    help: ArgumentHelp(
      "Also put twelve frames with masks on one page: a .jpg or .png file.", valueName: "file"))
  var contactSheet: String?

  @OptionGroup var drawing: OverlayOptions
  @OptionGroup var show: ShowOption

  @Option(
    help: ArgumentHelp(
      "Also write the mask logits: DIR/FRAME_OBJECT.npy, float32 [S/4, S/4].", valueName: "dir"))
  var saveLogits: String?

  @OptionGroup(title: "Tracking") var tracking: TrackOptions
  @OptionGroup(title: "Live video") var live: LiveOptions
  @OptionGroup(title: "Stopping and resuming") var pause: TrackPause
  @OptionGroup(title: "Damaged videos") var damage: DamageOptions

  @Flag(help: "Print scores, areas and times as JSON.")
  var json = false

  @OptionGroup var detector: DetectorSource
  @OptionGroup var model: ModelSource
  @OptionGroup var machine: RunOptions
  @OptionGroup var common: CommonOptions

  func validate() throws {
    try validateLive()
    guard !live.isLive else { return }
    if output == nil { throw ValidationError("give the folder for masks with -o DIR") }
    if prompts.isEmpty {
      throw ValidationError("name the object: --point, --box, --mask-prompt, --script or --text")
    }
  }

  func run() throws {
    if live.isLive { return try runLive() }
    try Tool.run(json: json) {
      let reading = InputReading(
        pictures: frames.pictures, masks: prompts.maskOptions.maskReading)
      let place = show.place()
      let outputs = try TrackOutputs(
        video: video, folder: output ?? "", choices: outputChoices(place))
      var plan = try prompts.plan(arguments: CommandLine.arguments, reading)
      try plan.checkObjects(for: outputs.kinds)
      if let file = pause.saveState {
        try AtomicFile.checkCanCreate(path: file, replaceExisting: true)
      }
      let source = try openVideo()
      try outputs.checkEarlier(plan, on: source)
      try plan.loadMasks(reading)
      let words = try wordTracking(plan, for: outputs.kinds)

      let loaded = try model.load(machine, for: .tracking)
      let decoded = DecodedFrames(source)
      let predictor = try VideoPredictor(
        loaded, frames: decoded,
        options: try tracking.resolved(damage, scripted: plan.script.tracker))
      let job = try TrackJob(
        plan, on: predictor, resuming: pause.resume, outputs: outputs, keepsReport: json,
        context: context(of: plan), video: video, source: source, words: words,
        decoded: pause.isGiven || damage.toleratesDamage ? nil : decoded)
      let log = NoticeLog(common)
      log.add(job.notices)
      let files = try track(job, log)
      if json {
        let head: [(key: String, value: JSONValue)] = [
          ("video", .string(video)), ("model", .string(model.name)),
          ("annotations", .array(files.map { .string($0) })),
        ]
        var members = head + job.report
        members.append(("notices", log.all.json))
        Console.data(JSONValue.object(members).text(.pretty))
      }
      try show(job, on: place, loaded)
      if job.foundNothing {
        common.note("nothing was found")
        throw Tool.someItemsFailed
      }
      if job.isIncomplete { throw Tool.someItemsFailed }
    }
  }

  // MARK: - Words

  /// Performs the searches of a plan; nil for a plan without any.
  private func wordTracking(
    _ plan: TrackPlan, for kinds: [AnnotationKind]
  ) throws(Failure) -> WordTracking? {
    guard plan.hasSearches else { return nil }
    let words = try WordTracking(
      detector.load(machine, budget: model.graphBudget), plan: plan,
      options: prompts.detections.options, frames: openVideo(),
      toleratesDamage: damage.toleratesDamage,
      objectLimit: kinds.contains(where: \.needsSmallNumbers) ? 255 : 999_999)
    let progress = common.progress("detecting", unit: "frames")
    words.progress = { done, total in
      if done < total { progress.update(done, of: total) } else { progress.finish() }
    }
    return words
  }

  private func context(of plan: TrackPlan) -> AnnotationContext {
    var context = formats.naming.context
    if plan.hasSearches { context.categories = plan.categories(unnamed: context.category) }
    return context
  }

  private func openVideo() throws(Failure) -> FrameSource {
    try FrameSource(
      path: video, options: frames.pictures, toleratesDamage: damage.toleratesDamage)
  }

  private func outputChoices(_ place: ShowPlace?) throws(Failure) -> TrackOutputChoices {
    let isShown = place?.needsOverlay ?? false
    var choices = TrackOutputChoices(
      kinds: try formats.kinds(among: AnnotationKind.allCases, default: .davis),
      logitsFolder: saveLogits, overlay: overlay ?? (isShown ? shownOverlay : nil),
      contactSheet: contactSheet, overlayParts: drawing.parts, replacesExisting: force)
    choices.keepsMasks = place?.needsMasks ?? false
    return choices
  }

  /// Tracks, writes and draws.
  /// - Returns: the files about the whole video.
  private func track(_ job: TrackJob, _ log: NoticeLog) throws -> [String] {
    // Frames and any damage to them become known only as they are read.
    defer { log.add(job.notices) }
    if let file = pause.saveState {
      try play(job, savingTo: file)
    } else {
      try play(job)
    }
    let files = try job.finish()
    common.note(job.summary)
    if job.skippedCount > Self.shownSkips { common.note("\(job.skippedCount) frames are left out") }
    if let file = pause.saveState, !job.isOver {
      common.note("stopped; continue with --resume \(file)")
    }
    for file in files { common.note(file) }
    if job.outputs.drawsOverlay {
      if !job.isOverlayDrawn { try draw(job) }
      for file in job.outputs.overlayFiles { common.note(file) }
    }
    if common.verbose { for line in job.stageLines { common.note(line) } }
    return files
  }

  private func draw(_ job: TrackJob) throws {
    let progress = common.progress("drawing", unit: "frames")
    defer { progress.finish() }
    try job.drawOverlay(on: openVideo()) { progress.update($0, of: $1) }
  }

  private func play(_ job: TrackJob) throws {
    let progress = common.progress("tracking", unit: "frames")
    defer { progress.finish() }
    try job.track(stopAfter: pause.stopAfter, cancellation: Interruption.cancellation) {
      progress.update($0.done, of: $0.total)
    } skipped: {
      progress.finish()
      if job.skippedCount <= Self.shownSkips { common.note("frame \($0) is left out: \($1)") }
    }
  }

  /// Further skipped frames are only counted.
  private static let shownSkips = 20

  /// The same, but saves the state however the job ends: the end of the video, the limit, a
  /// failure, or Ctrl-C and similar signals, which end the program once the current frame is done.
  private func play(_ job: TrackJob, savingTo file: String) throws {
    try Interruption.deferred {
      do {
        try play(job)
      } catch {
        if (try? job.saveState(to: file)) != nil {
          common.note("saved the state before the failure: \(file)")
        }
        throw error
      }
      try job.saveState(to: file)
      if Interruption.isRequested {
        common.note("\(job.summary); stopped; continue with --resume \(file)")
      }
    }
  }
}
