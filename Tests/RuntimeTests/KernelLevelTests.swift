import Bytes
import Runtime
import Testing

struct KernelLevelTests {
  private static let levels =
    KernelLevel.all + [
      KernelLevel(name: "left", lacks: ["amx_tile", "amx_int8"]),
      KernelLevel(name: "right", lacks: [], refusal: "Operation not permitted"),
    ]

  @Test func theLastThatRunsIsTheBest() throws {
    let best = try Self.levels.level(nil)
    #expect(best.name == KernelTable.availableLevels.last)
    #expect(best.status == "runs here")
  }

  @Test func emulatedLevelsRunByNameOnly() throws {
    let emulated = Set(KernelTable.testedLevels).subtracting(KernelTable.availableLevels)
    #expect(emulated.isDisjoint(with: KernelTable.levelNames))
    for name in emulated { #expect(try KernelTable(level: name).name == name) }
  }

  @Test(arguments: KernelTable.availableLevels) func everyLevelThatRunsHasItsTable(name: String)
    throws
  {
    #expect(try KernelTable(level: name).name == name)
  }

  @Test(arguments: [
    ("left", "this CPU lacks amx_tile, amx_int8"), ("right", "Operation not permitted"),
    ("middle", "no level of that name"), ("", "no level of that name"),
  ])
  func othersAreRefusedWithTheReason(name: String, reason: String) {
    let failure = #expect(throws: Failure.self) { try Self.levels.level(name) }
    #expect(failure?.code == "cpu.level")
    #expect(failure?.kind == .usage)
    let message = failure?.description ?? ""
    #expect(message.contains(reason), "\(message)")
    #expect(message.hasSuffix(KernelTable.availableLevels.joined(separator: ", ")), "\(message)")
  }

  @Test func nothingRunsWithoutKernels() {
    let failure = #expect(throws: Failure.self) { try Array(Self.levels.suffix(2)).level(nil) }
    #expect(failure?.kind == .internalError)
  }
}
