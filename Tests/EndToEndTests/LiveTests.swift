import Bytes
import Glibc
import JSON
import TestSupport
import Testing

/// Live video through ffmpeg, with prompts while it runs.
@Suite("sam2 track --live", .enabled(if: hasProgram("ffmpeg")))
struct LiveTests {
  /// A box around an object on the first frames of the sample scene.
  private static let box = ["--box", "20,20,160,160"]
  /// Speed of the source in multiples of real time: late frames are dropped, but not all of them.
  #if DEBUG
  private static let rate = 0.1
  #else
  private static let rate = 1.0
  #endif
  private static let encoding = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p"

  /// The lines of a run, as JSON.
  private func lines(_ outcome: Tool.Outcome) throws -> [JSONValue] {
    try outcome.output.split(separator: "\n").map { try JSONValue(parsing: String($0)) }
  }

  private func events(_ lines: [JSONValue], _ name: String) -> [JSONValue] {
    lines.filter { $0["event"]?.string == name }
  }

  /// Makes a video of `seconds` at 30 frames/s from the sample scene.
  private func makeClip(_ path: String, seconds: Double) throws {
    let frames = try Workplace.shared.get().scene + "/frames/%05d.jpg"
    try expectSuccess(
      Tool.shell(
        "ffmpeg -nostdin -v error -stream_loop -1 -framerate 30 -i '\(frames)' -t \(seconds) "
          + "\(Self.encoding) '\(path)'", "sh", in: "/"))
  }

  @Test("A pipe at 30 frames a second: every frame is tracked or counted, prompts come and go")
  func pipe() throws {
    try withTemporaryFolder { folder in
      try makeClip("\(folder)/clip.ts", seconds: 4)
      let prompts = """
        {"do": "add_points", "object": 2, "points": [[100, 100]], "labels": [1], "frame": 70}
        {"do": "remove_object", "object": 2, "frame": 95}
        {"do": "remove_object", "object": 2}
        nonsense
        {"do": "add_points", "object": 300, "points": [[100, 100]], "labels": [1]}
        {"do": "reset", "frame": 100000}
        """
      write(prompts, to: "\(folder)/prompts")
      let outcome = try Tool.shell(
        "ffmpeg -nostdin -v error -readrate \(Self.rate) -i clip.ts -c copy -f mpegts - | "
          + "\"$0\" track --live - \(Self.box.joined(separator: " ")) --prompts-from prompts "
          + "-o masks --overlay out.mp4",
        Tool.sam2.path, in: folder)
      // Lines were refused.
      #expect(outcome.exitCode == 1, "\(outcome.errors)")
      let lines = try lines(outcome)
      #expect(try lines.first?.requiredString("event") == "start")
      let end = try #require(lines.last)
      #expect(try end.requiredString("event") == "end")
      #expect(try end.requiredString("reason") == "ended")

      let frames = events(lines, "frame")
      let (tracked, dropped) = (try end.requiredInt("tracked"), try end.requiredInt("dropped"))
      #expect(tracked == frames.count && tracked > 1)
      #expect(tracked + dropped == (try end.requiredInt("frames")))
      #expect(try end.requiredInt("frames") == 120)
      let numbers = try frames.map { try $0.requiredInt("frame") }
      #expect(zip(numbers, numbers.dropFirst()).allSatisfy { $0 < $1 })
      #expect(folderNames("\(folder)/masks").count == tracked)
      #expect(exists("\(folder)/out.mp4"))

      let answers = events(lines, "prompt")
      #expect(
        try answers.map { try $0.requiredString("do") } == [
          "add_points", "add_points", "remove_object",
        ])
      try #require(answers.count == 3)
      let first = try #require(numbers.first)
      #expect(try answers[0].requiredInt("frame") == first && answers[0]["line"]?.isNull == true)
      let (added, removed) = (
        try answers[1].requiredInt("frame"), try answers[2].requiredInt("frame")
      )
      #expect(added >= 70 && removed >= 95)
      #expect(try answers[1].requiredArray("objects").count == 2)
      for frame in frames {
        let number = try frame.requiredInt("frame")
        let expected = number == first ? [] : number > added && number <= removed ? [1, 2] : [1]
        let objects = try frame.requiredArray("objects")
        #expect(try objects.map { try $0.requiredInt("object") } == expected, "frame \(number)")
        let size = try objects.first?.required("segmentation").requiredArray("size").map(\.int)
        #expect(size == nil || size?.count == 2)
      }
      let refused = try events(lines, "prompt_error").map { error in
        try (error["line"]?.int, error.required("error").requiredString("code"))
      }
      #expect(refused.map(\.0).sorted { $0 ?? 0 < $1 ?? 0 } == [3, 4, 5, 6])
      #expect(
        Set(refused.map(\.1)) == [
          "track.object", "json.syntax", "labels.identifier", "live.frame",
        ])
    }
  }

  @Test("Prompts on standard input annotate a file at its own rate, and stop it")
  func standardInput() throws {
    try withTemporaryFolder { folder in
      try makeClip("\(folder)/clip.mp4", seconds: 20)
      let lines =
        #"{"do":"add_points","object":9,"box":[20,20,160,160]}\n{"do":"stop","frame":60}\n"#
      let outcome = try Tool.shell(
        "printf '\(lines)' | \"$0\" track --live clip.mp4 --overlay pictures",
        Tool.sam2.path, in: folder)
      try expectSuccess(outcome)
      let found = try self.lines(outcome)
      #expect(try found.last?.requiredString("reason") == "stopped")
      let frames = events(found, "frame")
      let last = try #require(frames.last)
      #expect(try last.requiredInt("frame") >= 60)
      #expect(try last.requiredArray("objects").first?.requiredInt("object") == 9)
      #expect(folderNames("\(folder)/pictures").count == frames.count)
    }
  }

  @Test("Without objects and prompts there is nothing to do")
  func nothing() throws {
    try withTemporaryFolder { folder in
      try makeClip("\(folder)/clip.mp4", seconds: 20)
      let outcome = try Tool.sam2.run(["track", "--live", "clip.mp4"], in: folder)
      #expect(outcome.exitCode == 64)
      let end = try #require(lines(outcome).last)
      #expect(try end.required("error").requiredString("code") == "live.no_prompts")
      let left = try Tool.shell(
        #"printf '{"do":"add_points","object":1,"points":[[9,9]],"labels":[1]}\n"#
          + #"{"do":"remove_object","object":1}\n' | "$0" track --live clip.mp4"#,
        Tool.sam2.path, in: folder)
      try expectSuccess(left)
      #expect(try lines(left).last?.requiredString("reason") == "nothing_left")
    }
  }

  @Test("A viewer reads the overlay from a pipe, and may leave")
  func viewer() throws {
    try withTemporaryFolder { folder in
      try makeClip("\(folder)/clip.mp4", seconds: 2)
      mkfifo("\(folder)/view", 0o600)
      let watched = try Tool.shell(
        "{ timeout 60 cat view > seen.ts & }; \"$0\" track --live clip.mp4 --point 90,90 --overlay view; "
          + "code=$?; wait; exit $code", Tool.sam2.path, in: folder)
      try expectSuccess(watched)
      #expect((fileBytes("\(folder)/seen.ts")?.first) == 0x47)

      let left = try Tool.shell(
        "{ timeout 60 head -c 1 view > /dev/null & }; \"$0\" track --live clip.mp4 --point 90,90 --overlay view",
        Tool.sam2.path, in: folder)
      #expect(left.exitCode == 1, "\(left.errors)")
      let end = try #require(lines(left).last)
      #expect(try end.requiredString("reason") == "ended")
      let notices = try end.requiredArray("notices").map { try $0.requiredString("code") }
      #expect(notices == ["live.overlay"])
    }
  }

  struct BadSource: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// A line of the shell in which `$0` is the command.
    let line: String
    let exitCode: Int32
    let code: String
  }

  static let badSources = [
    BadSource(
      testDescription: "a pipe that nobody writes to",
      line: "mkfifo pipe; \"$0\" track --live pipe --point 9,9 --source-timeout 0.5",
      exitCode: 74, code: "live.silent"),
    BadSource(
      testDescription: "a stream that stops",
      line: "(cat clip.ts; exec sleep 3) | \"$0\" track --live - --point 9,9 --source-timeout 1",
      exitCode: 74, code: "live.stalled"),
    BadSource(
      testDescription: "bytes that are not a video",
      line: "head -c 100000 /dev/zero | \"$0\" track --live - --point 9,9",
      exitCode: 65, code: "live.cannot_open"),
    BadSource(
      testDescription: "a playlist of local files",
      line: "printf '#EXTM3U\\n#EXTINF:1,\\nclip.ts\\n' | \"$0\" track --live - --point 9,9",
      exitCode: 65, code: "live.cannot_open"),
    BadSource(
      testDescription: "an address where nobody listens",
      line: "\"$0\" track --live tcp://me:secret@127.0.0.1:9 --point 9,9",
      exitCode: 66, code: "live.cannot_open"),
    BadSource(
      testDescription: "a device that is not a camera",
      line: "\"$0\" track --live /dev/null --point 9,9", exitCode: 66, code: "live.cannot_open"),
    BadSource(
      testDescription: "an unknown kind of stream",
      line: "\"$0\" track --live file:///etc/passwd --point 9,9", exitCode: 64,
      code: "live.address"),
    BadSource(
      testDescription: "a viewer that is not there",
      line: "mkfifo view; \"$0\" track --live clip.ts --point 9,9 --overlay view", exitCode: 73,
      code: "live.no_viewer"),
    BadSource(
      testDescription: "a format about all frames",
      line: "\"$0\" track --live clip.ts --point 9,9 -o out --format coco", exitCode: 64,
      code: "live.format"),
  ]

  @Test("Each bad source ends with its code, in one last line", arguments: badSources)
  func badSource(_ source: BadSource) throws {
    try withTemporaryFolder { folder in
      try makeClip("\(folder)/clip.ts", seconds: 2)
      let outcome = try Tool.shell(source.line, Tool.sam2.path, in: folder)
      #expect(outcome.exitCode == source.exitCode, "\(outcome.errors)")
      let end = try #require(lines(outcome).last)
      #expect(try end.requiredString("reason") == "failed")
      #expect(try end.required("error").requiredString("code") == source.code)
      #expect(outcome.errors.split(separator: "\n").count { $0.hasPrefix("error:") } == 1)
      #expect(!(outcome.errors + outcome.output).contains("secret"))
      #expect(!exists("\(folder)/out"))
    }
  }

  @Test("Interrupting ends with the last line", arguments: [SIGINT, SIGTERM])
  func interruption(signal: Int32) throws {
    try withTemporaryFolder { folder in
      try makeClip("\(folder)/clip.mp4", seconds: 60)
      let tool = try Tool.sam2.start(
        ["track", "--live", "clip.mp4", "--point", "90,90", "-o", "masks"], in: folder, log: folder)
      #expect(tool.wait { folderNames("\(folder)/masks").count > 2 })
      tool.send(signal)
      let outcome = tool.wait()
      #expect(outcome.exitCode == 128 + signal)
      #expect(try lines(outcome).last?.requiredString("reason") == "interrupted")
    }
  }

  static let refusals: [(arguments: [String], message: String)] = [
    (["rtsp://host/a", "--point", "9,9", "-o", "out"], "--live"),
    (["-", "--point", "9,9", "-o", "out"], "--live"),
    (["clip", "--point", "9,9"], "-o DIR"),
    (["clip", "--point", "9,9", "-o", "out", "--max-lag", "1"], "--live"),
    (["--live", "-"], "--prompts-from"),
    (["--live", "clip", "--point", "9,9", "--max-lag", "-1"], "--max-lag"),
    (["--live", "clip", "--point", "9,9", "--source-timeout", "0"], "--source-timeout"),
    (["--live", "clip", "--frame", "3", "--point", "9,9"], "first frame"),
    (["--live", "clip", "--script", "a.json"], "--script"),
    (["--live", "clip", "--point", "9,9", "--save-state", "s"], "--save-state"),
  ]

  @Test("Options that make no sense together are refused", arguments: refusals)
  func refusal(arguments: [String], message: String) throws {
    try withTemporaryFolder { folder in
      let outcome = try Tool.sam2.run(["track"] + arguments, in: folder)
      #expect(outcome.exitCode == 64)
      #expect(outcome.errors.contains(message), "\(outcome.errors)")
      #expect(folderNames(folder).isEmpty)
    }
  }
}

/// Whether a program is in PATH.
private func hasProgram(_ name: String) -> Bool {
  (try? Tool.shell("command -v \"$0\"", name, in: "/").exitCode == 0) ?? false
}
