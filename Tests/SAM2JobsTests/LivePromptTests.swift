import Bytes
import Glibc
import JSON
import SAM2
import TestSupport
import Testing

@testable import SAM2Jobs

/// Lines of prompts for live video.
@Suite struct LivePromptTests {
  private func action(_ line: String) throws -> LiveAction {
    try LiveAction(parsing: Array(line.utf8), line: 7)
  }

  @Test func linesAreActionsWithAnOptionalFrame() throws {
    let click = try action(
      #"{"do": "add_points", "object": 2, "points": [[3, 4]], "labels": [1], "clear": false}"#)
    #expect(click.frame == nil && click.line == 7 && click.object == 2)
    guard case .annotate(.addPoints(_, 2, let points, nil, false)) = click.step else {
      Issue.record("\(click)")
      return
    }
    #expect(points == [Prompt.Point(x: 3, y: 4, label: 1)])
    let later = try action(#"{"do": "remove_object", "object": 2, "frame": 30}"#)
    #expect(later.frame == 30 && later.name == "remove_object")
    #expect(try action(#"{"do": "reset", "frame": null}"#).frame == nil)
    #expect(try action(#"{"do": "stop"}"#).name == "stop")
    #expect(
      try action(#"{"do": "add_mask", "object": 1, "mask": "a.png"}"#).name == "add_mask")
  }

  @Test(arguments: [
    ("{", "json.syntax"), ("[]", "script.type"), ("{}", "script.missing"),
    (#"{"do": "propagate"}"#, "live.action"),
    (#"{"do": "clear_frame", "frame": 1, "object": 1}"#, "live.action"),
    (#"{"do": "dance"}"#, "script.action"), (#"{"do": "stop", "now": true}"#, "script.member"),
    (#"{"do": "reset", "frame": -1}"#, "script.type"),
    (#"{"do": "reset", "frame": "x"}"#, "script.type"),
    (#"{"do": "add_points", "points": [[1, 2]], "labels": [1]}"#, "script.missing"),
  ])
  func badLinesAreRefused(line: String, code: String) {
    #expect(throws: failure(code)) { try action(line) }
  }

  @Test func aPipeHasNoEndAndAFileHas() throws {
    try withTemporaryFolder { folder in
      let pipe = "\(folder)/pipe"
      mkfifo(pipe, 0o600)
      let reader = try LivePromptReader(path: pipe)
      #expect(reader.linesSoFar().isEmpty && !reader.isAtEnd)
      for number in 1...2 {
        // Each writer closes the pipe.
        let writer = open(pipe, O_WRONLY)
        let text = "\n  \n{\"do\": \"remove_object\", \"object\": \(number)}\n{\"do\":"
        _ = text.withCString { Glibc.write(writer, $0, text.utf8.count) }
        close(writer)
        let lines = reader.linesSoFar()
        #expect(!reader.isAtEnd)
        let areGood = lines.map { line in if case .success = line.action { true } else { false } }
        // The next writer continues the line that was cut, and ends it.
        #expect(areGood == (number == 1 ? [true] : [false, true]))
      }

      let file = "\(folder)/prompts"
      let text = #"{"do": "reset"}"# + "\nnonsense\n" + #"{"do": "stop"}"#
      let descriptor = open(file, O_WRONLY | O_CREAT, 0o600)
      _ = text.withCString { Glibc.write(descriptor, $0, text.utf8.count) }
      close(descriptor)
      let whole = try LivePromptReader(path: file)
      var lines = whole.linesSoFar()
      lines += whole.linesSoFar()
      #expect(whole.isAtEnd)
      #expect(lines.map(\.number) == [1, 2, 3])
      let codes = lines.map { line -> String in
        if case .failure(let problem) = line.action { problem.code } else { "" }
      }
      #expect(codes == ["", "json.syntax", ""])
      #expect(throws: failure("file.missing")) {
        try LivePromptReader(path: "\(folder)/nowhere")
      }
    }
  }

  @Test func latencyIsSummedUpInBoundedMemory() {
    var summary = LatencySummary()
    #expect(summary.quantile(0.5) == 0)
    for step in 1...1000 { summary.add(milliseconds: Double(step)) }
    // Bins have a width of 2 %.
    #expect(abs(summary.quantile(0.5) - 500) <= 10)
    #expect(abs(summary.quantile(0.95) - 950) <= 19)
    #expect(summary.maximum == 1000 && summary.quantile(1) == 1000)
    summary.add(milliseconds: 1e12)
    summary.add(milliseconds: 0)
    #expect(summary.maximum == 1e12)
  }
}
