import Bytes
import Glibc
import HDF5Checkpoint
import JSON
import TestSupport
import Testing

/// Children that do not behave, played by shell scripts.
@Suite struct ChildTests {
  /// The failure of opening a good file when `script` plays the child.
  private func outcome(_ script: String, data: [UInt8] = []) throws -> Failure? {
    try withTemporaryFolder { folder -> Failure? in
      try write(Array("#!/bin/sh\ndata='\(folder)/data'\n\(script)\n".utf8), to: folder + "/child")
      try write(data, to: folder + "/data")
      // A test beside this one may be starting a program just now and hold a copy of the script's
      // writable descriptor until it does: such a script cannot be started for a moment (ETXTBSY).
      for _ in 0..<200 {
        let failure = open(program: folder + "/child")
        if failure?.code != "h5.child_start" { return failure }
        usleep(10_000)
      }
      return open(program: folder + "/child")
    }
  }

  private func open(program: String) -> Failure? {
    do throws(Failure) {
      let checkpoint = try HDF5Checkpoint(path: fixturePath("good/flat.h5"), program: program)
      _ = try checkpoint.tensor(checkpoint.names.first ?? "")
      return nil
    } catch {
      return error
    }
  }

  private func write(_ bytes: [UInt8], to path: String) throws {
    let descriptor = Glibc.open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o700)
    try #require(descriptor >= 0)
    defer { close(descriptor) }
    try #require(Glibc.write(descriptor, bytes, bytes.count) == bytes.count)
  }

  private func stream(_ json: String, data: Int) -> [UInt8] {
    littleEndianBytes(UInt64(json.utf8.count)) + Array(json.utf8)
      + [UInt8](repeating: 7, count: data)
  }

  private let entry = #"{"dtype":"F32","shape":[2],"data_offsets":[0,8]}"#

  @Test func aGoodStreamIsRead() throws {
    #expect(try outcome(#"cat "$data""#, data: stream(#"{"a":\#(entry)}"#, data: 8)) == nil)
  }

  @Test func tensorsMayBeInTheFile() throws {
    let direct = #"{"dtype":"F32","shape":[2],"file_offset":100}"#
    let json = #"{"a":\#(direct),"b":\#(entry)}"#
    #expect(try outcome(#"cat "$data""#, data: stream(json, data: 8)) == nil)
    // 2312 bytes is the whole file.
    for offset in ["-1", "2305", "9223372036854775807", "1.5", "null"] {
      let wild = direct.replacing("100", with: offset)
      let failure = try outcome(#"cat "$data""#, data: stream(#"{"a":\#(wild)}"#, data: 0))
      #expect(failure?.code == "h5.stream", "\(offset)")
    }
  }

  /// A child that was taken over claims more than the file can account for.
  @Test func sumsAndOverlapsAreHeldAgainstTheFile() throws {
    func direct(_ count: Int, at offset: Int) -> String {
      #"{"dtype":"F32","shape":[\#(count)],"file_offset":\#(offset)}"#
    }
    func code(_ entries: [String]) throws -> String? {
      let members = entries.enumerated().map { "\"t\($0.offset)\":\($0.element)" }
      let json = "{" + members.joined(separator: ",") + "}"
      return try outcome(#"cat "$data""#, data: stream(json, data: 0))?.code
    }
    // Two names of one tensor are allowed.
    #expect(try code([direct(8, at: 96), direct(8, at: 96), direct(8, at: 128)]) == nil)
    #expect(try code([direct(8, at: 96), direct(8, at: 124)]) == "h5.stream")
    // 2312 bytes account for 64 MiB and 36,992 bytes.
    let whole = direct(578, at: 0)
    #expect(try code(Array(repeating: whole, count: 1_000)) == nil)
    #expect(try code(Array(repeating: whole, count: 30_000)) == "h5.stream")
    #expect(try code(Array(repeating: direct(0, at: 0), count: 100_001)) == "h5.stream")
    let streamed = #"{"dtype":"F32","shape":[17000000],"data_offsets":[0,68000000]}"#
    #expect(try code([streamed]) == "h5.stream")
  }

  @Test func crashesAreNamed() throws {
    #expect(try outcome("kill -SEGV $$")?.code == "h5.child_crashed")
    #expect(try outcome("kill -ABRT $$")?.code == "h5.child_crashed")
    #expect(try outcome("exit 3")?.code == "h5.child_crashed")
    #expect(try outcome("echo 'some words' >&2; exit 65")?.code == "h5.child_crashed")
  }

  @Test func runningOutOfTimeIsNamed() throws {
    #expect(try outcome("ulimit -t 1; while :; do :; done")?.code == "h5.timeout")
    #expect(try outcome("kill -KILL $$")?.code == "h5.timeout")
  }

  /// A library that loads plugins must not find any, whatever the environment of the user contains.
  @Test func theChildHasAnEnvironmentOfItsOwn() throws {
    let script = #"""
      test "$HDF5_PLUGIN_PRELOAD" = :: && test -z "$HDF5_PLUGIN_PATH$HOME$TMPDIR" && cat "$data"
      """#
    #expect(try outcome(script, data: stream(#"{"a":\#(entry)}"#, data: 8)) == nil)
  }

  @Test func aProgramThatIsNotThereIsNamed() {
    #expect(throws: failure("h5.child_start")) {
      try HDF5Checkpoint(path: fixturePath("good/flat.h5"), program: "/nowhere/sam2-convert")
    }
  }

  @Test func refusalsComeAcross() throws {
    let line =
      #"{"kind":"bad_input","code":"h5.chunk","message":"m\u001b[2J","place":"/a","hint":null}"#
    let failure = try #require(
      try outcome("echo noise >&2; cat \"$data\" >&2; exit 65", data: Array(line.utf8)))
    #expect(failure.code == "h5.chunk" && failure.place == "/a" && failure.hint == nil)
    #expect(!failure.message.utf8.contains(0x1B))
    let wrongCode = line.replacing("h5.chunk", with: "H5 CHUNK")
    #expect(
      try outcome("cat \"$data\" >&2; exit 65", data: Array(wrongCode.utf8))?.code
        == "h5.child_crashed")
  }

  @Test func theLastLineOfMuchNoiseCounts() throws {
    let line = #"{"kind":"bad_input","code":"h5.chunk","message":"m","place":null,"hint":null}"#
    let script = "yes | head -c 1000000 >&2; cat \"$data\" >&2; exit 65"
    #expect(try outcome(script, data: Array(line.utf8))?.code == "h5.chunk")
  }

  @Test func nonsenseIsRefused() throws {
    let second = entry.replacing("[0,8]", with: "[8,16]")
    let streams: [(String, [UInt8])] = [
      ("nothing", []), ("seven bytes", [1, 0, 0, 0, 0, 0, 0]),
      ("length beyond the end", littleEndianBytes(UInt64(50)) + [0x7B, 0x7D]),
      ("length of 2^64 - 1", [UInt8](repeating: 0xFF, count: 8) + [0x7B, 0x7D]),
      ("no JSON", stream("hello", data: 0)), ("no object", stream("[]", data: 0)),
      ("no tensors", stream("{}", data: 0)),
      ("data missing", stream(#"{"a":\#(entry)}"#, data: 7)),
      ("data left over", stream(#"{"a":\#(entry)}"#, data: 9)),
      ("overlap", stream(#"{"a":\#(entry),"b":\#(entry)}"#, data: 8)),
      ("gap", stream(#"{"a":\#(second)}"#, data: 16)),
      ("same name", stream(#"{"a":\#(entry),"a":\#(second)}"#, data: 16)),
      ("type", stream(#"{"a":\#(entry.replacing("F32", with: "F31"))}"#, data: 8)),
      ("shape", stream(#"{"a":\#(entry.replacing("[2]", with: "[-2]"))}"#, data: 8)),
      ("name", stream(#"{"\u0007":\#(entry)}"#, data: 8)),
      ("rank", stream(#"{"a":\#(entry.replacing("[2]", with: "[1,1,1,1,1,1,1,1,2]"))}"#, data: 8)),
    ]
    for (what, bytes) in streams {
      #expect(try outcome(#"cat "$data""#, data: bytes)?.code == "h5.stream", "\(what)")
    }
  }

  @Test func twoDifferentAnswersAreRefused() throws {
    let script = #"if [ "$2" = --list ]; then cat "$data"; else head -c 20 "$data"; fi"#
    #expect(
      try outcome(script, data: stream(#"{"a":\#(entry)}"#, data: 8))?.code == "h5.stream")
  }
}
