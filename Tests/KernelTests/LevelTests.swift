import CKernels
import Glibc
import Testing

@Suite struct LevelTests {
  /// The levels of this machine, those that cannot run included.
  private static var listed: [sam2_level] {
    var count = 0
    return Array(UnsafeBufferPointer(start: sam2_levels(&count), count: count))
  }

  private static var rows: [sam2_level_row] {
    var count = 0
    return Array(UnsafeBufferPointer(start: sam2_level_rows(&count), count: count))
  }

  private static func name(_ level: sam2_level) -> String { String(cString: level.name) }

  /// Calls `check` with the levels that `rows` give on a machine with `features`.
  private static func levels(
    _ rows: [sam2_level_row], features: UInt32, _ check: ([sam2_level]) throws -> Void
  ) rethrows {
    var levels = [sam2_level](repeating: sam2_level(), count: rows.count)
    var tables = [sam2_kernels](repeating: sam2_kernels(), count: rows.count)
    try tables.withUnsafeMutableBufferPointer { tables in
      sam2_find_levels(rows, rows.count, features, &levels, tables.baseAddress)
      try check(levels)
    }
  }

  @Test func thePortableLevelComesFirstAndNamesDiffer() throws {
    let levels = Self.listed
    let portable = try #require(levels.first)
    #expect(Self.name(portable) == "scalar")
    #expect(portable.needs == 0)
    #expect(portable.kernels != nil)
    #expect(Set(levels.map(Self.name)).count == levels.count)
  }

  @Test func aLevelRunsWhereItsFeaturesAre() {
    let features = sam2_cpu_features()
    #expect(sam2_cpu_features() == features)
    for level in Self.listed {
      #expect(level.lacks == level.needs & ~features)
      #expect((level.kernels != nil) == (level.lacks == 0 && level.refusal == 0))
    }
  }

  @Test(arguments: Level.all) func tablesAreComplete(level: Level) {
    let fields = Mirror(reflecting: level.kernels).children
    #expect(fields.contains { $0.label == "gemm_f32" })
    for (field, value) in fields {
      let found = Mirror(reflecting: value)
      let isMissing = found.displayStyle == .optional && found.children.isEmpty
      #expect(!isMissing, "\(field ?? "")")
      #expect(value as? Int != 0, "\(field ?? "")")
    }
  }

  @Test func emulatedLevelsAreNotLevelsOfAMachine() {
    var count = 0
    let emulated = UnsafeBufferPointer(start: sam2_emulated_levels(&count), count: count)
    let features = sam2_cpu_features()
    #expect(Set(emulated.map(Self.name)).isDisjoint(with: Self.listed.map(Self.name)))
    for level in emulated {
      #expect(level.lacks == level.needs & ~features)
      #expect((level.kernels != nil) == (level.lacks == 0))
    }
  }

  @Test func everyFeatureThatALevelNeedsHasAName() {
    for level in Self.listed {
      for feature in Self.bits(of: level.needs) { #expect(sam2_feature_name(feature) != nil) }
    }
    #expect(sam2_feature_name(0) == nil)
    #expect(sam2_feature_name(1 << 31) == nil)
  }

  /// Levels are sets: each runs on a CPU with its features and no others, and on none that lacks
  /// one of them.
  @Test func eachFeatureCounts() {
    for row in Self.rows {
      Self.levels(Self.rows, features: row.needs) { levels in
        for level in levels {
          #expect(level.lacks == level.needs & ~row.needs)
          #expect((level.kernels != nil) == (level.lacks == 0 && level.refusal == 0))
        }
      }
      for feature in Self.bits(of: row.needs) {
        Self.levels(Self.rows, features: ~feature) { levels in
          let level = levels.first { String(cString: $0.name) == String(cString: row.name) }
          #expect(level?.lacks == feature)
          #expect(level?.kernels == nil)
        }
      }
    }
  }

  private static func bits(of features: UInt32) -> [UInt32] {
    (0..<32).map { 1 << $0 }.filter { features & $0 != 0 }
  }

  /// A system gives the same answer however often it is asked, and grants nothing that the CPU does
  /// not have.
  @Test func permissionsAreAskedForAgain() {
    for (row, level) in zip(Self.rows, Self.listed) {
      let answer = row.permission()
      #expect(row.permission() == answer)
      if level.lacks == 0 { #expect(answer == level.refusal) }
      if Self.name(level) == "amx-int8", level.lacks != 0 { #expect(answer != 0) }
    }
  }

  // MARK: - Rows that this CPU does not have

  /// A row that marks the table with a number in place of a kernel.
  private static func row(
    _ name: StaticString, needs: UInt32,
    use: @escaping @convention(c) (UnsafeMutablePointer<sam2_kernels>?) -> Void
  ) -> sam2_level_row {
    let start = UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)
    return sam2_level_row(name: start, needs: needs, permission: { 0 }, use: use)
  }

  private static var portable: sam2_level_row {
    row("portable", needs: 0) {
      $0?.pointee.tile_rows_f32 = 1
      $0?.pointee.tile_rows_s8 = 1
    }
  }
  private static var left: sam2_level_row {
    row("left", needs: 1) { $0?.pointee.tile_rows_s8 = 2 }
  }
  private static var right: sam2_level_row {
    row("right", needs: 2) { $0?.pointee.tile_rows_f32 = 3 }
  }
  private static var both: sam2_level_row { row("both", needs: 7) { _ in } }

  /// Tile heights of the float and the int8 products; nil for a level that cannot run.
  private static func heights(_ levels: [sam2_level]) -> [[Int]?] {
    levels.map { $0.kernels.map { [$0.pointee.tile_rows_f32, $0.pointee.tile_rows_s8] } }
  }

  @Test func aLevelHasTheKernelsOfEachRowWhoseNeedsItIncludes() {
    let rows = [Self.portable, Self.left, Self.right, Self.both]
    Self.levels(rows, features: 7) {
      #expect(Self.heights($0) == [[1, 1], [1, 2], [3, 1], [3, 2]])
    }
    Self.levels(rows, features: 2) {
      #expect(Self.heights($0) == [[1, 1], nil, [3, 1], nil])
      #expect($0.map(\.lacks) == [0, 1, 0, 5])
    }
  }

  @Test func aRefusedLevelIsLeftOutAndThoseAboveItDoWithout() {
    var refused = Self.left
    refused.permission = { EPERM }
    let rows = [Self.portable, refused, Self.right, Self.both]
    Self.levels(rows, features: 7) {
      #expect(Self.heights($0) == [[1, 1], nil, [3, 1], [3, 1]])
      #expect($0.map(\.refusal) == [0, EPERM, 0, 0])
      #expect($0.map(\.lacks) == [0, 0, 0, 0])
    }
    // A system is not asked for what the CPU does not have.
    Self.levels(rows, features: 2) { #expect($0.map(\.refusal) == [0, 0, 0, 0]) }
  }

  @Test(arguments: Level.all) func peakLoopsCountTheirWork(level: Level) {
    for peak in [level.kernels.peak_f32, level.kernels.peak_s8] {
      let once = peak?(1) ?? 0
      #expect(once > 0)
      #expect(peak?(10) == 10 * once)
    }
  }
}
