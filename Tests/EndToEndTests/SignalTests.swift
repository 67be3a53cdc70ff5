import Glibc
import Media
import TestSupport
import Testing

@Suite("Signals")
struct SignalTests {
  /// Starts to track the sample clip, sends `signal` when `condition` holds, and checks how it ends.
  private func interrupt(
    _ signal: Int32, _ more: [String] = [], in folder: String,
    when condition: (RunningTool) -> Bool
  ) throws {
    let scene = try Workplace.shared.get().scene
    try withTemporaryFolder { log in
      let running = try Tool.sam2.start(
        [
          "track", "\(scene)/frames", "--script", "\(scene)/script.json", "-o", "out", "--threads",
          "1",
        ] + more, in: folder, log: log)
      let isTime = running.wait { condition(running) }
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
      // A file that is being written has another name, and is removed when the command ends.
      try interrupt(signal, in: folder) { _ in
        folderNames("\(folder)/out").count { $0.hasSuffix(".png") } >= 2
      }
      let names = folderNames("\(folder)/out")
      #expect((2..<Workplace.frameCount).contains(names.count))
      for name in names {
        #expect(name.hasSuffix(".png"))
        #expect(try LabelMap.read("\(folder)/out/\(name)").width > 0)
      }
    }
  }

  // MARK: - With a state to resume from

  @Test("save the state of a job, which resumes with the same masks", arguments: [SIGINT, SIGTERM])
  func stateIsSaved(signal: Int32) throws {
    let scene = try Workplace.shared.get().scene
    let call = [
      "track", "\(scene)/frames", "--script", "\(scene)/script.json", "--threads", "1",
      "--format", "davis,coco",
    ]
    try withTemporaryFolder { folder in
      let outcome = try withTemporaryFolder { log in
        let running = try Tool.sam2.start(
          call + ["-o", "out", "--save-state", "job.state"], in: folder, log: log)
        let isTime = running.wait {
          folderNames("\(folder)/out/davis").count { $0.hasSuffix(".png") } >= 2
        }
        #expect(isTime)
        running.send(signal)
        return running.wait()
      }
      #expect(outcome.exitCode == 128 + signal, "\(outcome.errors)")
      #expect(outcome.errors.hasSuffix("continue with --resume job.state\n"), "\(outcome.errors)")
      #expect(folderNames(folder) == ["job.state", "out"])
      // The frame at hand is whole; files about the whole video are for the end.
      #expect(folderNames("\(folder)/out") == ["davis"])
      #expect((2..<Workplace.frameCount).contains(folderNames("\(folder)/out/davis").count))

      try expectSuccess(Tool.sam2.run(call + ["-o", "out", "--resume", "job.state"], in: folder))
      try expectSuccess(Tool.sam2.run(call + ["-o", "whole"], in: folder))
      for format in ["davis", "coco"] {
        let (resumed, whole) = (
          fileTree("\(folder)/out/\(format)"), fileTree("\(folder)/whole/\(format)")
        )
        #expect(resumed.keys.sorted() == whole.keys.sorted())
        let isSame = resumed == whole
        #expect(isSame, "\(format)")
      }
    }
  }

  @Test("sent twice end the command at once, even if a state was requested")
  func twice() throws {
    let scene = try Workplace.shared.get().scene
    try withTemporaryFolder { folder in
      let outcome = try withTemporaryFolder { log in
        let running = try Tool.sam2.start(
          [
            "track", "\(scene)/frames", "--script", "\(scene)/script.json", "--threads", "1", "-o",
            "out", "--save-state", "job.state",
          ], in: folder, log: log)
        let isTime = running.wait { !folderNames("\(folder)/out").isEmpty }
        #expect(isTime)
        running.send(SIGINT)
        let isNoted = running.wait { running.errors.contains("finishing the current item") }
        #expect(isNoted)
        running.send(SIGINT)
        return running.wait()
      }
      #expect(outcome.exitCode == 130)
      // Whichever came first, the second signal or the end of the frame: nothing is left over.
      #expect(folderNames(folder).allSatisfy { ["out", "job.state"].contains($0) })
    }
  }

  @Test("leave nothing of a video that is being encoded")
  func drawing() throws {
    try withTemporaryFolder { folder in
      try interrupt(SIGINT, ["--overlay", "o.mp4"], in: folder) { $0.hasChild }
      // The encoder may run before the first mask is written.
      #expect(folderNames(folder).allSatisfy { $0 == "out" })
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
