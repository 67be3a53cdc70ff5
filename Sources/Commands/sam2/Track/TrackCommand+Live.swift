import ArgumentParser
import Bytes
import CLISupport
import JSON
import Media
import SAM2
import SAM2Jobs

extension TrackCommand {
  /// Refuses options that a live video cannot have, and those that only a live video has.
  func validateLive() throws {
    guard live.isLive else {
      guard LiveAddress.isLive(video) else { return }
      throw ValidationError("\(video) is not a file or folder; --live tracks what is live")
    }
    for (option, isGiven) in [
      ("--script", !prompts.scripts.isEmpty), ("--text", !prompts.texts.isEmpty),
      ("--save-state", pause.saveState != nil), ("--resume", pause.resume != nil),
      ("--save-logits", saveLogits != nil), ("--contact-sheet", contactSheet != nil),
    ] where isGiven {
      throw ValidationError("\(option) is not for --live")
    }
    guard prompts.frames.allSatisfy({ $0 == 0 }) else {
      throw ValidationError(
        "prompt options are about the first frame of a live video; later prompts come as lines")
    }
    if prompts.isEmpty, video == "-", live.promptsFrom == nil {
      throw ValidationError(
        "name the object: --point, --box, --mask-prompt, or --prompts-from for prompts as lines")
    }
  }

  /// Tracks a live video: writes lines of JSON to standard output, the last of which describes the
  /// end.
  func runLive() throws {
    try Tool.run {
      let job: LiveJob
      do {
        job = try openLive()
      } catch let failure as Failure {
        Console.data(LiveJob.endLine(problem: failure).text())
        throw failure
      }
      try Interruption.deferred {
        do {
          let ending = try job.run(
            stopAfter: pause.stopAfter, cancellation: Interruption.cancellation)
          finish(job, job.endLine(ending))
        } catch let failure as Failure {
          finish(job, job.endLine(nil, problem: failure))
          throw failure
        }
      }
      if job.statistics.refusedCount > 0 || job.notices.contains(where: \.isIncomplete) {
        throw Tool.someItemsFailed
      }
    }
  }

  private func openLive() throws -> LiveJob {
    let reading = InputReading(pictures: frames.pictures, masks: prompts.maskOptions.maskReading)
    let choices = LiveOutputChoices(
      folder: output, kinds: try formats.kinds(among: AnnotationKind.allCases, default: .davis),
      overlay: overlay, overlayParts: drawing.parts, replacesExisting: force)
    let address = try LiveAddress(video)
    let promptReader = try live.promptReader(videoOnStandardInput: address.isStandardInput)
    var plan = try prompts.plan(arguments: CommandLine.arguments, reading)
    try plan.loadMasks(reading)
    // Loaded before the source is opened, since its frames would pass by in the meantime.
    let loaded = try model.load(machine, for: .tracking)
    let source = try LiveSource(
      address, options: frames.pictures, maximumLag: live.maxLag ?? 0,
      patience: live.sourceTimeout ?? 10)
    let tracker = try StreamingTracker(
      loaded, width: source.width, height: source.height,
      options: try tracking.resolved(damage, scripted: nil))
    return try LiveJob(
      source, on: tracker, plan: plan, prompts: promptReader, outputs: choices, reading: reading
    ) { Console.data($0.text()) }
  }

  private func finish(_ job: LiveJob, _ line: JSONValue) {
    Console.data(line.text())
    NoticeLog(common).add(job.notices)
    common.note(job.statistics.summary)
  }
}
