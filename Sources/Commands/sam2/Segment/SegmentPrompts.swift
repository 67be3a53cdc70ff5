import ArgumentParser
import Bytes
import SAM2
import SAM2Jobs

/// How the masks of `sam2 segment` are finished, under the official names.
struct SegmentFinishOptions: ParsableArguments {
  @Option(help: "Mask logits above it are inside.")
  var maskThreshold = 0.0

  @Option(help: "Holes of up to so many low-resolution pixels are filled; 0 leaves them.")
  var maxHoleArea = 0

  @Option(help: "Islands of up to so many low-resolution pixels are removed; 0 leaves them.")
  var maxSprinkleArea = 0

  func validate() throws {
    guard maskThreshold.isFinite else {
      throw ValidationError("--mask-threshold must be a number")
    }
    guard maxHoleArea >= 0, maxSprinkleArea >= 0 else {
      throw ValidationError("--max-hole-area and --max-sprinkle-area must be 0 or more")
    }
  }

  /// The same as the library takes it.
  var finish: SegmentFinish {
    var finish = SegmentFinish()
    finish.maskThreshold = maskThreshold
    finish.maxHoleArea = maxHoleArea
    finish.maxSprinkleArea = maxSprinkleArea
    return finish
  }
}

/// The prompt options of `sam2 segment`.
struct SegmentPrompts: ParsableArguments {
  @Option(
    name: .customLong("point"),
    help: ArgumentHelp(
      "A click; label 1 (default) is on the object, 0 beside it. Repeatable.",
      valueName: "x,y[,label]"))
  var points: [PointArgument] = []

  @Option(help: ArgumentHelp("A box around the object.", valueName: "x0,y0,x1,y1"))
  var box: BoxArgument?

  @Option(
    help: ArgumentHelp(
      "A rough mask: a PNG of the size of the picture, or logits from --save-logits.",
      valueName: "file"))
  var maskPrompt: String?

  @Option(
    name: .customLong("prompts"),
    help: ArgumentHelp("Several prompts, as JSON.", valueName: "file.json"))
  var file: String?

  @Flag(help: "Write all three candidates of each prompt.")
  var multimask = false

  @Flag(help: "Write the candidate with the highest predicted IoU.")
  var best = false

  func validate() throws {
    let isGivenHere = !points.isEmpty || box != nil || maskPrompt != nil
    if file == nil && !isGivenHere {
      throw ValidationError("say what to segment: --point, --box, --mask-prompt or --prompts")
    }
    if file != nil && isGivenHere {
      throw ValidationError("--prompts excludes --point, --box and --mask-prompt")
    }
    if multimask && best { throw ValidationError("--multimask and --best exclude each other") }
  }

  var choice: MaskSelection { multimask ? .all : best ? .best : .single }

  /// The prompts that were asked for; reads the file of `--prompts`.
  func requested() throws(Failure) -> [RequestedPrompt] {
    if let file { return try PromptFile.read(file) }
    return [
      RequestedPrompt(object: 1, points: points.map(\.point), box: box?.box, maskFile: maskPrompt)
    ]
  }
}
