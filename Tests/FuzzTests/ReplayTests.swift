import TestSupport
import Testing

/// Inputs that fuzzing has found, and inputs that reach as much of the readers as it could.
@Suite struct ReplayTests {
  /// In milliseconds; the slowest takes far less, but tests share their cores.
  static let timeLimit = 2000

  @Test(arguments: FuzzTarget.allCases)
  func answersItsCorpus(target: FuzzTarget) throws {
    let folder = corpusPath(target)
    let names = folderNames(folder)
    #expect(!names.isEmpty)
    var accepted = 0
    for name in names {
      let bytes = try #require(fileBytes(folder + "/" + name), "\(name)")
      let clock = ContinuousClock()
      let start = clock.now
      let failure = bytes.withUnsafeBytes { target.run($0) }
      #expect(clock.now - start < .milliseconds(ReplayTests.timeLimit), "\(name)")
      if failure == nil { accepted += 1 }
    }
    // If all of a corpus is refused, the target no longer reaches the reader.
    #expect(accepted > 0 && (accepted < names.count || target.isGenerator))
    print("\(target.rawValue): \(accepted) of \(names.count) inputs accepted")
  }

  private func corpusPath(_ target: FuzzTarget, file: String = #filePath) -> String {
    let folders = file.split(separator: "/", omittingEmptySubsequences: false).dropLast()
    return folders.joined(separator: "/") + "/Corpus/" + target.rawValue
  }
}
