internal import Bytes
import CLISupport
import JobSupport
import Media
import SAM2Jobs

extension SegmentResult {
  /// Passes a line for each mask file to `write`, and the times if `verbose`.
  func writeLines(verbose: Bool, to write: (String) -> Void) {
    for (place, answer) in answers.enumerated() {
      for (index, mask) in answer.masks.enumerated() {
        let iou = fixed(Double(answer.predictedIoUs[index]), 3)
        let what =
          files.masks.isEmpty
          ? "\(image), object \(answer.prompt.object)" : files.masks[place][index]
        let found = answer.prompt.label.map { label in
          ", \(label) \(fixed(answer.prompt.score ?? 0, 3))"
        }
        if answer.prompt.isFoundByExample && !answer.isPresent {
          write("\(what): not there (score \(fixed(Double(answer.objectScore), 2)))")
          continue
        }
        write("\(what): \(mask.area) pixels, predicted IoU \(iou)\(found ?? "")")
      }
    }
    if let overlay = files.overlay { write(overlay) }
    if verbose { write("\(image): " + clock.line) }
  }
}

extension StageClock {
  /// The stages with their times, for display.
  var line: String {
    stages.map { "\($0.name) \(fixed($0.milliseconds, 1)) ms" }.joined(separator: ", ")
  }
}
