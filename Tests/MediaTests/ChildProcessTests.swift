import Bytes
import Glibc
import TestSupport
import Testing

@testable import Media

/// Decoders and encoders are bounded from their first instruction on.
@Suite("Child processes")
struct ChildProcessTests {
  /// The lines that a script prints as a child.
  private func lines(
    of script: String, input: [UInt8] = [], limits: ChildLimits
  ) throws -> [String] {
    let child = try ChildProcess(
      "sh", ["-c", script], .readingFromChild, input: input, limits: limits)
    var output = [UInt8](repeating: 0, count: 4096)
    let count = output.withUnsafeMutableBytes { child.read(into: $0) }
    #expect(child.finish(), "\(child.complaint)")
    return String(decoding: output[..<count], as: UTF8.self).split(separator: "\n")
      .map(String.init)
  }

  private static let limits =
    "ulimit -v; ulimit -S -t; ulimit -c; ulimit -f; ulimit -n; echo $(ls /proc/self/fd | wc -l)"

  @Test("a decoder has its limits from the start, and three descriptors")
  func decoding() throws {
    // The child must not receive either of the two, whatever their flags.
    let (first, second) = (open("/dev/null", O_RDONLY), dup(0))
    defer {
      close(first)
      close(second)
    }
    // `ls` has one more, for the folder.
    #expect(
      try lines(of: Self.limits, limits: .looking) == ["\(8 << 20)", "120", "0", "0", "64", "4"])
    #expect(ChildLimits.decoding(byteCount: 4_000_000_000).processorSeconds == 19_600)
  }

  @Test("an encoder writes files, and has no other limits of its own")
  func encoding() throws {
    let limits = try lines(of: Self.limits, limits: .encoding)
    #expect(limits[0] == "\(8 << 20)" && limits[2] == "0" && limits[3] != "0")
    #expect(ChildLimits.encoding.processorSeconds == nil)
  }

  @Test("a child reads its input, and nothing of the environment")
  func input() throws {
    setenv("FFREPORT", "file=report", 1)
    defer { unsetenv("FFREPORT") }
    let found = try lines(
      of: "cat; echo; echo \"$FFREPORT.\"", input: Array("abc".utf8), limits: .looking)
    #expect(found == ["abc", "."])
  }

  @Test("a program that does not exist is named")
  func missing() {
    expectFailure("ffmpeg.missing", .missingInput) {
      _ = try ChildProcess("no-such-program", [], .readingFromChild)
    }
  }

  @Test("a decoder that does nothing but work ends in a failure")
  func busy() throws {
    try withTemporaryFolder { folder in
      try PictureFile.write([0, 0, 0, 8] + Array("ftypisom".utf8), to: "\(folder)/a.mp4")
      let prober = try BadVideoTests.fakeProber(frames: 1, in: folder)
      let scripts = [
        "while :; do :; done", "trap 'exit 255' XCPU; while :; do :; done",
      ]
      for script in scripts {
        let decoder = try BadVideoTests.fake(script, in: folder, name: "decoder")
        let limits = ChildLimits(processorSeconds: 1)
        expectFailure("video.decoder_stalled", .badInput) {
          try VideoFrames(
            path: "\(folder)/a.mp4", programs: .init(decoder: decoder, prober: prober),
            limits: limits)
        }
      }
    }
  }

  @Test("complaints cannot bring escapes to the terminal")
  func complaints() throws {
    let child = try ChildProcess(
      "sh", ["-c", "printf 'a\\033[31m\\302\\233red\\nb\\177\\342\\200\\256\\n' >&2; exit 1"],
      .readingFromChild)
    #expect(!child.finish())
    #expect(child.complaint == "a\\u{1b}[31m\\u{9b}red; b\\u{7f}\\u{202e}")
  }
}
