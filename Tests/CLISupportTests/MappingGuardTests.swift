import Bytes
import Glibc
import TestSupport
import Testing

@testable import CLISupport

@Suite("Files that are cut while they are mapped")
struct MappingGuardTests {
  /// Names the folder to the process of the exit test.
  private static let variable = "SAM2_MAPPING_GUARD_TEST"

  @Test("end the process as an error of reading, and leave no temporaries")
  func removesTemporaries() async throws {
    let folder = "\(P_tmpdir)/sam2-mapping-guard-\(UInt64.random(in: 0...UInt64.max))"
    try #require(mkdir(folder, 0o700) == 0)
    defer {
      for name in folderNames(folder) { unlink("\(folder)/\(name)") }
      rmdir(folder)
    }
    setenv(Self.variable, folder, 1)
    await #expect(processExitsWith: .exitCode(74)) {
      let folder = String(cString: try #require(getenv(Self.variable)))
      try AtomicFile.write(path: "\(folder)/model", replaceExisting: true) {
        try $0.write([UInt8](repeating: 1, count: 1 << 16))
      }
      let model = try MappedFile.open("\(folder)/model")
      close(open("\(folder)/out.tmp-1", O_CREAT | O_WRONLY, 0o600))
      let ticket = Unfinished.file("\(folder)/out.tmp-1")
      MappingGuard.install()
      truncate("\(folder)/model", 0)
      let sum = model.withUnsafeBytes { $0.reduce(0) { $0 &+ Int($1) } }
      ticket.done()
      exit(sum == 0 ? 1 : 2)
    }
    #expect(folderNames(folder) == ["model"])
  }
}
