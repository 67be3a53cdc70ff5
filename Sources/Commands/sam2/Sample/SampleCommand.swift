import ArgumentParser
import CLISupport
import JobSupport
import SampleScene

struct SampleCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sample",
    abstract: "Writes a made-up picture and video with prompts and true masks.",
    discussion: """
      For trying things out, and for checking an installation:

        sam2 sample -o scene
        sam2 segment scene/picture.png --prompts scene/prompts.json \\
          --format davis -o found
        sam2 score found/picture.png scene/picture_truth.png
        sam2 track scene/frames --script scene/script.json -o tracked
        sam2 score tracked scene/truth
      """)

  @Option(name: [.short, .long], help: ArgumentHelp("Folder to write to.", valueName: "dir"))
  var output: String

  @Option(help: "Another number gives another scene.")
  var seed: UInt64 = 12

  @Option(help: "Frames of the video.")
  var frames = 48

  @Option(
    help: ArgumentHelp(
      "The clip shows this many objects that look alike, cross, hide and leave (2 to 6).",
      valueName: "n"))
  var rivals: Int?

  @OptionGroup var common: CommonOptions

  func validate() throws {
    guard (1...10_000).contains(frames) else {
      throw ValidationError("--frames must be between 1 and 10000")
    }
    guard rivals.map({ (2...6).contains($0) }) ?? true else {
      throw ValidationError("--rivals must be between 2 and 6")
    }
  }

  func run() throws {
    try Tool.run {
      let folder = try OutputFolder(output)
      try folder.create()
      try SampleScene(seed: seed).write(
        to: output, frameCount: frames,
        action: rivals.map { .rivals($0) } ?? .crossing)
      common.note("\(output): a picture and \(frames) frames, with truth and prompts")
    }
  }
}
