import CConfinement
import Glibc
import HDF5Checkpoint
import Tensors
import TestSupport
import Testing

/// The powers that the process which reads HDF5 gives up before it sees the file.
@Suite struct ConfinementTests {
  private static let isFiltered = Confinement.ofThisSystem == .systemCalls
  private static let attempts = Array(0..<sam2_attempt_count())

  /// The result of trying `attempt` in a folder with one file, and whether the file is unchanged.
  private func outcome(_ attempt: Int32, confined: Bool) throws -> (code: Int32, isWhole: Bool) {
    try withTemporaryFolder { folder in
      let victim = folder + "/victim"
      let descriptor = open(victim, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
      try #require(write(descriptor, "content", 7) == 7)
      close(descriptor)
      let code = sam2_attempt(attempt, folder, confined)
      var status = stat()
      let isWhole =
        folderNames(folder) == ["victim"] && fileBytes(victim) == Array("content".utf8)
        && stat(victim, &status) == 0 && status.st_mode & 0o777 == 0o600
      return (code, isWhole)
    }
  }

  @Test(.enabled(if: isFiltered), arguments: attempts)
  func aConfinedProcessIsRefused(attempt: Int32) throws {
    let name = String(cString: sam2_attempt_name(attempt))
    let (code, isWhole) = try outcome(attempt, confined: true)
    #expect(code == EPERM && isWhole, "\(name): \(String(cString: strerror(code)))")
  }

  /// Otherwise a refusal would prove nothing.
  @Test(arguments: attempts)
  func anyOtherProcessIsNotRefused(attempt: Int32) throws {
    let name = String(cString: sam2_attempt_name(attempt))
    let code = try outcome(attempt, confined: false).code
    #expect(code == 0, "\(name): \(String(cString: strerror(code)))")
  }

  @Test func aConfinedProcessCanWork() {
    #expect(sam2_work_confined() == 0)
  }

  /// The real child, caught while it waits for somebody to read what it writes.
  @Test func theChildIsConfinedWhenItAnswers() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/many.h5"
      _ = try HDF5Writer.write(ManyTensors(), to: path, replaceExisting: false)
      let child = try WaitingChild(reading: path)
      defer { child.end() }
      let status = try child.status()
      #expect(status["NoNewPrivs"] == "1")
      #expect(status["Seccomp"] == (Self.isFiltered ? "2" : "0"))
      #expect(try child.openFileLimit() == 0)
    }
  }

  @Test func aSystemWithoutFiltersIsNoted() throws {
    let checkpoint = try HDF5Checkpoint(path: fixturePath("good/flat.h5"))
    #expect(checkpoint.notes.contains { $0.contains("seccomp") } == !Self.isFiltered)
  }
}

/// Tensors whose list alone is more than a pipe holds.
private struct ManyTensors: TensorCollection {
  let names = (0..<2_000).map { "layer.with.a.long.name.\($0).weight" }

  func description(of name: String) -> TensorDescription? {
    TensorDescription(dtype: .float32, shape: [1])
  }

  func tensor(_ name: String) -> Tensor { Tensor([Float(1)], shape: [1]) }
}
