import Bytes
import SAM2Config
import Testing

@testable import SAM2Import

struct ConfigurationDetectorTests {
  @Test(arguments: KnownVariants.all)
  func everyVariantIsFoundFromItsShapes(configuration: ModelConfiguration) throws {
    let detection = try ConfigurationDetector.detect(SyntheticCheckpoint(configuration))
    #expect(detection.configuration == configuration)
    // Others with the same tensors are named.
    let alternatives = KnownVariants.alternatives(to: configuration)
    #expect(detection.assumptions.count == (alternatives.isEmpty ? 0 : 1))
    for name in alternatives { #expect(detection.assumptions[0].contains(name)) }
  }

  @Test
  func knownTrunkWithOtherWidthsIsDerivedWithAssumptions() throws {
    var odd = variant("sam2.1_hiera_small")
    odd.variant = "custom"
    odd.dModel = 128
    odd.memory.dim = 32
    odd.memory.attention.layers = 3
    odd.memory.attention.feedforward = 1024
    odd.decoder.feedforward = 512
    let detection = try ConfigurationDetector.detect(SyntheticCheckpoint(odd))
    #expect(detection.configuration == odd)
    #expect(detection.assumptions.count == 3)
    #expect(detection.assumptions.contains { $0.contains("sam2.1_hiera_small") })
  }

  @Test
  func familyComesFromTheTensors() throws {
    var odd = variant("sam2_hiera_base_plus")
    odd.variant = "custom"
    odd.memory.attention.layers = 2
    let detection = try ConfigurationDetector.detect(SyntheticCheckpoint(odd))
    #expect(detection.configuration == odd)
    #expect(detection.configuration.family == "SAM 2")
  }

  @Test
  func unpublishedTrunkNeedsAConfiguration() throws {
    var odd = variant("nano")
    odd.editHiera {
      $0.stages = [1, 2, 3, 1]
      $0.globalAttentionBlocks = [3]
    }
    odd.variant = "custom"
    let checkpoint = SyntheticCheckpoint(odd)
    #expect(
      failure { () throws(Failure) in
        _ = try ConfigurationDetector.detect(checkpoint)
      }?.code == "config.needed")
    let detection = try ConfigurationDetector.detect(checkpoint, given: odd)
    #expect(detection.configuration == odd)
  }

  @Test
  func givenConfigurationMustAgreeWithTheShapes() {
    let checkpoint = SyntheticCheckpoint(variant("sam2.1_hiera_tiny"))
    let found = failure { () throws(Failure) in
      _ = try ConfigurationDetector.detect(checkpoint, given: variant("sam2.1_hiera_base_plus"))
    }
    #expect(found?.code == "config.mismatch")
    #expect(found?.message.contains("embed_dim is 112 in the configuration, 96") == true)
    var windows = variant("sam2.1_hiera_tiny")
    windows.imageSize = 512
    #expect(
      failure { () throws(Failure) in
        _ = try ConfigurationDetector.detect(checkpoint, given: windows)
      } == nil)
  }

  // MARK: - Checkpoints that are not SAM 2

  struct Change: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var edit: @Sendable (inout SyntheticCheckpoint) -> Void
    /// Texts the message must hold.
    var expected: [String]
  }

  static let changes: [Change] = [
    Change(
      testDescription: "missing", edit: { $0.remove("sam_mask_decoder.conv_s1.bias") },
      expected: ["1 tensors are missing (sam_mask_decoder.conv_s1.bias)", "sam2.1_hiera_tiny"]),
    Change(
      testDescription: "unexpected", edit: { $0.set("extra.weight", [3, 3]) },
      expected: ["1 are unexpected (extra.weight)"]),
    Change(
      testDescription: "misshapen", edit: { $0.set("obj_ptr_proj.layers.1.weight", [256, 255]) },
      expected: ["obj_ptr_proj.layers.1.weight is [256, 255], not [256, 256]"]),
    Change(
      testDescription: "misshapen rank", edit: { $0.set("image_encoder.trunk.pos_embed", [96]) },
      expected: ["image_encoder.trunk.pos_embed is [96], not [1, 96, 7, 7]"]),
    Change(
      testDescription: "absurd widths",
      edit: { $0.set("memory_encoder.mask_downsampler.encoder.0.weight", [1, 1, 0, 0]) },
      expected: ["1 have another shape"]),
    Change(
      testDescription: "hostile name", edit: { $0.set("\u{1b}[2Jname", [1]) },
      expected: ["\\u{1b}[2Jname"]),
  ]

  @Test(arguments: changes)
  func oneChangeIsNamed(change: Change) throws {
    var checkpoint = SyntheticCheckpoint(variant("sam2.1_hiera_tiny"))
    change.edit(&checkpoint)
    let found = try #require(
      failure { () throws(Failure) in _ = try ConfigurationDetector.detect(checkpoint) })
    #expect(found.code == "model.architecture")
    for text in change.expected { #expect(found.message.contains(text), "\(found.message)") }
  }

  @Test
  func otherArchitecturesAreNamed() throws {
    let cases: [(checkpoint: SyntheticCheckpoint, name: String)] = [
      (
        SyntheticCheckpoint([
          ("conv1.weight", [64, 3, 7, 7]), ("layer1.0.conv1.weight", [64, 64, 1, 1]),
          ("fc.weight", [1000, 2048]),
        ]), "a ResNet"
      ),
      (
        SyntheticCheckpoint([
          ("image_encoder.pos_embed", [1, 64, 64, 768]),
          ("image_encoder.blocks.0.attn.qkv.weight", [2304, 768]),
          ("prompt_encoder.no_mask_embed.weight", [1, 256]),
        ]), "SAM 1"
      ),
      (SyntheticCheckpoint([]), "not those of a SAM 2"),
    ]
    for (checkpoint, name) in cases {
      let found = try #require(
        failure { () throws(Failure) in _ = try ConfigurationDetector.detect(checkpoint) })
      #expect(found.code == "model.architecture")
      #expect(found.message.contains(name), "\(found.message)")
      #expect(found.kind == .badInput)
    }
  }

  /// With any tensor cut away, the answer is an error, never a trap.
  @Test
  func missingTensorsAreRefused() {
    let whole = SyntheticCheckpoint(variant("nano"))
    for index in stride(from: 0, to: whole.names.count, by: 6) {
      var checkpoint = whole
      checkpoint.remove(whole.names[index])
      let code = failure { () throws(Failure) in
        _ = try ConfigurationDetector.detect(checkpoint)
      }?.code
      #expect(code == "model.architecture" || code == "config.needed", "\(whole.names[index])")
    }
  }

  /// The one tensor whose absence makes another SAM 2: it is not called `nano`, and a note
  /// reports this.
  @Test
  func modelBetweenTheFamiliesIsDerived() throws {
    var checkpoint = SyntheticCheckpoint(variant("nano"))
    checkpoint.remove("no_obj_embed_spatial")
    let detection = try ConfigurationDetector.detect(checkpoint)
    #expect(detection.configuration.variant == "custom")
    #expect(!detection.configuration.memory.encoder.noObjEmbedSpatial)
    #expect(detection.configuration.pointers.projTposEncInObjPtrs)
    #expect(!detection.assumptions.isEmpty)
  }
}
