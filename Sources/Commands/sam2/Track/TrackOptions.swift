import ArgumentParser
import Bytes
import SAM2

/// The options of the video predictor, under their official names.
struct TrackOptions: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: "Holes up to this area, in low-resolution pixels, are filled; 0 keeps them.")
  var fillHoleArea = 8

  @Flag(
    name: .customLong("non-overlap-masks"),
    help: "Give each pixel to one object at most: the one with the highest logit.")
  var masksDoNotOverlap = false

  @Flag(
    name: .customLong("clear-non-cond-mem-around-input"),
    help: "Forget what was tracked around a frame that is annotated.")
  var clearsMemoryAroundInput = false

  @Flag(
    name: .customLong("add-all-frames-to-correct-as-cond"),
    help: "Make every corrected frame one that all others look back at.")
  var correctionsCondition = false

  @Option(
    name: .customLong("max-cond-frames-in-attn"), parsing: .unconditional,
    help: "Annotated frames that a frame looks back at, 2 or more; -1: all (default: the model's).")
  var maxConditioningFrames: Int?

  @Option(
    name: .customLong("memory-temporal-stride-for-eval"), parsing: .unconditional,
    help: "Frames between two memories of tracked frames (default: the model's).")
  var memoryStride: Int?

  @Flag(
    name: .customLong("multimask-output-for-tracking"), inversion: .prefixedNo,
    help: "Choose among three masks in tracked frames, or take one (default: as in the model).")
  var tracksWithMultimask: Bool?

  @OptionGroup var tracker: TrackerOptions

  func validate() throws {
    guard (0...1_000_000).contains(fillHoleArea) else {
      throw ValidationError("--fill-hole-area must be between 0 and 1000000")
    }
    guard maxConditioningFrames.map({ $0 == -1 || $0 >= 2 }) ?? true else {
      throw ValidationError("--max-cond-frames-in-attn must be 2 or more, or -1")
    }
    guard memoryStride.map({ (1...4096).contains($0) }) ?? true else {
      throw ValidationError("--memory-temporal-stride-for-eval must be between 1 and 4096")
    }
  }

  /// The options in the form that the library takes.
  func resolved(
    _ damage: DamageOptions, scripted: Tracker?
  ) throws(Failure) -> VideoOptions {
    var options = VideoOptions()
    options.skipsUnreadableFrames = damage.toleratesDamage
    options.fillHoleArea = fillHoleArea
    options.masksDoNotOverlap = masksDoNotOverlap
    options.clearsMemoryAroundInput = clearsMemoryAroundInput
    options.correctionsCondition = correctionsCondition
    options.maxConditioningFrames = maxConditioningFrames
    options.memoryStride = memoryStride
    options.tracksWithMultimask = tracksWithMultimask
    try tracker.apply(to: &options, scripted: scripted)
    return options
  }
}

/// The treatment of frames that cannot be decoded.
enum DamagePolicy: String, ExpressibleByArgument, CaseIterable {
  /// Fails at the first such frame.
  case stop
  /// Leaves such frames out and continues.
  case skip
}

/// How damaged videos are treated.
struct DamageOptions: ParsableArguments {
  @Option(
    name: .customLong("on-error"),
    help: ArgumentHelp(
      "A frame of a video that cannot be decoded: stop there, or skip it and continue.",
      valueName: "policy"))
  var policy = DamagePolicy.stop

  var toleratesDamage: Bool { policy == .skip }
}

/// Stopping a job and resuming it later.
struct TrackPause: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Save the state of the job when it stops, fails or is interrupted, for --resume.",
      valueName: "file"))
  var saveState: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Stop after this many tracked frames.", valueName: "n"))
  var stopAfter: Int?

  @Option(
    help: ArgumentHelp(
      "Resume a saved job: same video, model, options and prompts.", valueName: "file"))
  var resume: String?

  /// Whether the job may end before the video does, or already did so.
  var isGiven: Bool { saveState != nil || stopAfter != nil || resume != nil }

  func validate() throws {
    if let stopAfter, stopAfter < 1 { throw ValidationError("--stop-after must be 1 or more") }
  }
}
