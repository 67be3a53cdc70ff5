import ArgumentParser
import CLISupport
import JSON

struct ScoreCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "score",
    abstract: "Compares label pictures with true ones: the mean IoU of each object.",
    discussion: """
      Examples:

        sam2 score found/picture.png scene/picture_truth.png
        sam2 score tracked scene/truth --json

      Both are palette or gray PNGs whose values are object numbers, or folders of them with the \
      same names. A frame counts for an object when the object is in either picture of it.
      """)

  @Argument(help: "Found masks: a PNG, or a folder.")
  var masks: String

  @Argument(help: "True masks: a PNG, or a folder.")
  var truth: String

  @Flag(help: "Print as JSON.")
  var json = false

  @OptionGroup var common: CommonOptions

  func run() throws {
    try Tool.run(json: json) {
      let score = try LabelScore(masks: masks, truth: truth)
      let log = NoticeLog(common)
      log.add(score.notices)
      Console.data(json ? score.json.text(.pretty) : score.text)
    }
  }
}
