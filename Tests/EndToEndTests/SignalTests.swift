import Glibc
import Media
import TestSupport
import Testing

@Suite("Signals")
struct SignalTests {
  /// Starts to track the sample clip, sends `signal` when `condition` holds, and checks how it ends.
  private func interrupt(
    _ signal: Int32, _ more: [String] = [], in folder: String, when condition: () -> Bool
  ) throws {
    let scene = try Workplace.shared.get().scene
    try withTemporaryFolder { log in
      let running = try Tool.sam2.start(
        [
          "track", "\(scene)/frames", "--script", "\(scene)/script.json", "-o", "out", "--threads",
          "1",
        ] + more, in: folder, log: log)
      let isTime = running.wait(until: condition)
      #expect(isTime)
      running.send(signal)
      let outcome = running.wait()
      #expect(outcome.exitCode == 128 + signal)
      #expect(outcome.errors.hasSuffix("interrupted\n"), "\(outcome.errors)")
    }
  }

  @Test("leave whole files only, and end the command", arguments: [SIGINT, SIGTERM, SIGHUP])
  func tracking(signal: Int32) throws {
    try withTemporaryFolder { folder in
      try interrupt(signal, in: folder) { folderNames("\(folder)/out").count >= 2 }
      let names = folderNames("\(folder)/out")
      #expect((2..<Workplace.frameCount).contains(names.count))
      for name in names {
        #expect(name.hasSuffix(".png"))
        #expect(try LabelMap.read("\(folder)/out/\(name)").width > 0)
      }
    }
  }

  @Test("leave nothing of a video that is being encoded")
  func drawing() throws {
    try withTemporaryFolder { folder in
      try interrupt(SIGINT, ["--overlay", "o.mp4"], in: folder) {
        folderNames(folder).contains { $0.hasPrefix("o.mp4.tmp") }
      }
      #expect(folderNames(folder) == ["out"])
    }
  }

  @Test("leave no half of a model")
  func models() throws {
    var random = SeededRandom(seed: 7)
    let source = try Workplace.shared.get().model
    let calls: [(tool: Tool, arguments: [String])] = [
      (.convert, [Workplace.nano("nano.pt"), "--config", Workplace.nano("nano.yaml")]),
      (.quantize, [source]),
    ]
    for (tool, arguments) in calls {
      for _ in 0..<4 {
        try withTemporaryFolder { folder in
          let outcome = try withTemporaryFolder { log in
            let running = try tool.start(arguments + ["-o", "m.sam2"], in: folder, log: log)
            usleep(UInt32(random.next() % 60_000))
            running.send(SIGINT)
            return running.wait()
          }
          // It may have been quicker, or not yet have had a handler.
          #expect([0, 130].contains(outcome.exitCode), "\(random): \(outcome.errors)")
          let names = folderNames(folder)
          #expect(names == [] || names == ["m.sam2"])
          if !names.isEmpty {
            try expectSuccess(Tool.convert.run(["verify", "m.sam2"], in: folder))
          }
        }
      }
    }
  }
}
