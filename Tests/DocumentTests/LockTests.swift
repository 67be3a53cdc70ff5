import Testing

/// Locks are of the one kind that `Scripts/sanitize.sh thread` sees.
@Suite struct LockTests {
  private static let home = "Sources/Base/Bytes/Guarded.swift"
  /// In parts, so that this file is not found.
  private static let other = "Mutex" + "<"

  @Test(arguments: Repository.files("Sources", ["swift"]) + Repository.files("Tests", ["swift"]))
  func locksAreGuarded(file: String) throws {
    if file == Self.home { return }
    #expect(!(try Repository.text(file)).contains(Self.other), "\(file): use Guarded")
  }
}
