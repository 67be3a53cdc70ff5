import Bytes
import JSON
import SAM2Config
import Testing

struct ModelConfigurationTests {
  @Test(arguments: KnownVariants.all)
  func knownVariantsAreValidAndSurviveJSON(configuration: ModelConfiguration) throws {
    try configuration.validate()
    #expect(try ModelConfiguration(json: configuration.json) == configuration)
  }

  /// Each stored property has an entry, or a file would lose it.
  @Test
  func everyPropertyHasAnEntry() {
    let properties = Mirror(reflecting: ModelConfiguration()).children.count
    #expect(ModelConfiguration().json.object?.count == properties)
  }

  @Test
  func unknownMissingAndMistypedEntriesAreRefused() throws {
    let whole = try #require(ModelConfiguration().json.object)
    func code(_ members: [(key: String, value: JSONValue)]) -> String? {
      failure { () throws(Failure) in _ = try ModelConfiguration(json: .object(members)) }?.code
    }
    #expect(code(whole) == nil)
    #expect(code(whole + [("surprise", 1)]) == "config.unknown")
    #expect(code(Array(whole.dropLast())) == "json.missing")
    for index in whole.indices {
      var changed = whole
      changed[index].value = .object([])
      #expect(code(changed) == "json.type", "\(whole[index].key)")
    }
  }

  struct Edit: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var code: String
    var edit: @Sendable (inout ModelConfiguration) -> Void
  }

  static let edits: [Edit] = [
    Edit(testDescription: "size zero", code: "config.value") { $0.imageSize = 0 },
    Edit(testDescription: "size odd", code: "config.value") { $0.imageSize = 1000 },
    Edit(testDescription: "no stages", code: "config.value") { $0.stages = [] },
    Edit(testDescription: "empty stage", code: "config.value") { $0.stages = [1, 0, 7, 2] },
    Edit(testDescription: "huge stage", code: "config.value") { $0.stages = [1, 2, .max, .max] },
    Edit(testDescription: "windows", code: "config.value") { $0.windowSpec = [8, 4] },
    Edit(testDescription: "zero window", code: "config.value") { $0.windowSpec = [0, 4, 14, 7] },
    Edit(testDescription: "odd pooled", code: "config.value") { $0.windowSpec = [8, 4, 13, 7] },
    Edit(testDescription: "global", code: "config.value") { $0.globalAttentionBlocks = [12] },
    Edit(testDescription: "background", code: "config.value") {
      $0.windowPosEmbedBackgroundSize = [7]
    },
    Edit(testDescription: "heads", code: "config.value") { $0.numHeads = 5 },
    Edit(testDescription: "memory", code: "config.value") { $0.memoryDim = 60 },
    Edit(testDescription: "infinite", code: "config.value") {
      $0.sigmoidScaleForMemEnc = .infinity
    },
    Edit(testDescription: "not a number", code: "config.value") { $0.ropeTheta = .nan },
    Edit(testDescription: "one pointer", code: "config.value") { $0.maxObjPtrsInEncoder = 1 },
    Edit(testDescription: "pools", code: "config.unsupported") { $0.qPoolStages = 2 },
    Edit(testDescription: "scalp", code: "config.unsupported") { $0.scalp = 0 },
    Edit(testDescription: "mask stride", code: "config.unsupported") {
      $0.maskDownsamplerStride = 3
    },
    Edit(testDescription: "no pointers", code: "config.unsupported") {
      $0.useObjPtrsInEncoder = false
    },
  ]

  @Test(arguments: edits)
  func valuesOutOfRangeAreRefused(edit: Edit) {
    var configuration = ModelConfiguration()
    edit.edit(&configuration)
    #expect(failure { () throws(Failure) in try configuration.validate() }?.code == edit.code)
  }

  @Test
  func blocksLagTheirWindowByOne() {
    let blocks = ModelConfiguration().hieraBlocks
    #expect(blocks.map(\.window) == [8, 8, 4, 4, 14, 0, 14, 0, 14, 0, 14, 7])
    #expect(blocks.map(\.heads) == [1, 2, 2, 4, 4, 4, 4, 4, 4, 4, 8, 8])
    #expect(blocks.indices.filter { blocks[$0].pools } == [1, 3, 10])
    #expect(blocks.indices.filter { blocks[$0].endedStage != nil } == [0, 2, 9, 11])
  }
}
