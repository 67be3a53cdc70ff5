import Bytes
import JSON
import SAM2Config
import TestSupport
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
    let refining = variant("sam2.1_hq_hiera_large")
    #expect(refining.json.object?.count == leafCount(refining))
    // That of the HQ token is left out where it is false.
    #expect(ModelConfiguration().json.object?.count == leafCount(ModelConfiguration()) - 1)
    // And there is one that names the trunk.
    #expect(variant("edgetam").json.object?.count == leafCount(variant("edgetam")))
  }

  /// Stored properties of a value, with those of its groups in their place.
  private func leafCount(_ value: Any) -> Int {
    let mirror = Mirror(reflecting: value)
    guard let style = mirror.displayStyle, [.struct, .enum, .optional].contains(style) else {
      return 1
    }
    return mirror.children.reduce(0) { $0 + leafCount($1.value) }
  }

  /// Files of earlier versions stay readable, and new ones have the same bytes.
  @Test
  func configurationsOfEarlierFilesAreReadAndWrittenAlike() throws {
    let bytes = try #require(fileBytes(fixturePath("nano-configuration.json")))
    let configuration = try ModelConfiguration(json: try JSONValue(parsing: bytes))
    #expect(configuration == KnownVariants.named("nano"))
    #expect(Array(configuration.json.text(.canonical).utf8) == bytes)
  }

  @Test
  func otherTrunksAreRefusedByName() throws {
    let members = try #require(ModelConfiguration().json.object)
    func failure(trunk: JSONValue) -> Failure? {
      SAM2ImportTests.failure { () throws(Failure) in
        _ = try ModelConfiguration(json: .object([("trunk", trunk)] + members))
      }
    }
    let unknown = failure(trunk: "efficientvit")
    #expect(unknown?.code == "config.unsupported")
    #expect(unknown?.message.contains("efficientvit") == true)
    #expect(unknown?.message.contains("hiera") == true)
    #expect(failure(trunk: 1)?.code == "json.type")
    #expect(failure(trunk: "hiera") == nil)
  }

  @Test(arguments: KnownVariants.all.filter { $0.memory.perceiver == nil })
  func aMemoryHasATokenPerCell(configuration: ModelConfiguration) {
    let side = configuration.imageSize / 16
    let tokens = configuration.memoryTokens
    #expect(tokens.count == side * side)
    #expect(tokens.gridSide == side)
    #expect(tokens.areAllRotated)
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
    Edit(testDescription: "no stages", code: "config.value") {
      $0.editHiera { $0.stages = [] }
    },
    Edit(testDescription: "empty stage", code: "config.value") {
      $0.editHiera { $0.stages = [1, 0, 7, 2] }
    },
    Edit(testDescription: "huge stage", code: "config.value") {
      $0.editHiera { $0.stages = [1, 2, .max, .max] }
    },
    Edit(testDescription: "windows", code: "config.value") {
      $0.editHiera { $0.windowSpec = [8, 4] }
    },
    Edit(testDescription: "zero window", code: "config.value") {
      $0.editHiera { $0.windowSpec = [0, 4, 14, 7] }
    },
    Edit(testDescription: "odd pooled", code: "config.value") {
      $0.editHiera { $0.windowSpec = [8, 4, 13, 7] }
    },
    Edit(testDescription: "global", code: "config.value") {
      $0.editHiera { $0.globalAttentionBlocks = [12] }
    },
    Edit(testDescription: "background", code: "config.value") {
      $0.editHiera { $0.windowPosEmbedBackgroundSize = [7] }
    },
    Edit(testDescription: "heads", code: "config.value") {
      $0.editHiera { $0.numHeads = 5 }
    },
    Edit(testDescription: "memory", code: "config.value") { $0.memory.dim = 60 },
    Edit(testDescription: "infinite", code: "config.value") {
      $0.memory.encoder.sigmoidScaleForMemEnc = .infinity
    },
    Edit(testDescription: "not a number", code: "config.value") {
      $0.memory.attention.ropeTheta = .nan
    },
    Edit(testDescription: "one pointer", code: "config.value") {
      $0.pointers.maxObjPtrsInEncoder = 1
    },
    Edit(testDescription: "pools", code: "config.unsupported") {
      $0.editHiera { $0.qPoolStages = 2 }
    },
    Edit(testDescription: "scalp", code: "config.unsupported") { $0.neck.scalp = 0 },
    Edit(testDescription: "mask stride", code: "config.unsupported") {
      $0.memory.encoder.maskDownsamplerStride = 3
    },
    Edit(testDescription: "no pointers", code: "config.unsupported") {
      $0.pointers.useObjPtrsInEncoder = false
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
    let blocks = Hiera().blocks
    #expect(blocks.map(\.window) == [8, 8, 4, 4, 14, 0, 14, 0, 14, 0, 14, 7])
    #expect(blocks.map(\.heads) == [1, 2, 2, 4, 4, 4, 4, 4, 4, 4, 8, 8])
    #expect(blocks.indices.filter { blocks[$0].pools } == [1, 3, 10])
    #expect(blocks.indices.filter { blocks[$0].endedStage != nil } == [0, 2, 9, 11])
  }
}

extension ModelConfiguration {
  /// Changes the trunk, which must be a Hiera.
  mutating func editHiera(_ edit: (inout Hiera) -> Void) {
    switch trunk {
    case .hiera(var hiera):
      edit(&hiera)
      trunk = .hiera(hiera)
    case .repvit, .vit: break
    }
  }
}
