import CLISupport
import JSON
import Passes
import Quantizer

/// The pipeline as printed by `--passes`.
enum PassListing {
  static func print(json: Bool) {
    Console.data(json ? value.text(.pretty) : lines.joined(separator: "\n"))
  }

  private static var lines: [String] {
    PipelineStage.all.map { "\($0.name) (\($0.promise.rawValue)): \($0.summary)" }
  }

  private static var value: JSONValue {
    .array(
      PipelineStage.all.map { stage in
        [
          "pass": .string(stage.name), "class": .string(stage.promise.rawValue),
          "summary": .string(stage.summary),
        ]
      })
  }
}
