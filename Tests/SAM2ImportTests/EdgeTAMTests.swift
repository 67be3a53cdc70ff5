import Bytes
import Graph
import JSON
import ModelInterface
import SAM2Config
import Tensors
import TestSupport
import Testing

@testable import SAM2Import

/// EdgeTAM's checkpoints and configuration, and what is wrong with some.
@Suite struct EdgeTAMTests {
  private static var edgeTAM: ModelConfiguration { variant("edgetam") }

  // MARK: - Configuration

  @Test func itsFileIsTheKnownOne() throws {
    #expect(try OfficialYAML.configuration(parsing: Self.text()) == Self.edgeTAM)
    #expect(Self.edgeTAM.family == "EdgeTAM")
    #expect(Self.edgeTAM.memoryTokens.count == 512)
    #expect(Self.edgeTAM.memoryTokens.rotatedCount == 256)
  }

  @Test func configurationsComeBackFromJSON() throws {
    var configuration = Self.edgeTAM
    configuration.memory.perceiver?.latents = 64
    #expect(try ModelConfiguration(json: configuration.json) == configuration)
    let difference = configuration.differences(from: Self.edgeTAM).map(\.key)
    #expect(difference == ["perceiver_latents"])
    // Of a trunk of the other kind, and of a model that keeps its memories whole.
    var whole = Self.edgeTAM
    whole.memory.perceiver = nil
    #expect(try ModelConfiguration(json: whole.json) == whole)
    #expect(whole.differences(from: Self.edgeTAM).map(\.key) == ["spatial_perceiver"])
    let tiny = variant("sam2_hiera_tiny")
    #expect(tiny.differences(from: Self.edgeTAM).map(\.key) == ["trunk"])
  }

  struct Change: Sendable, CustomTestStringConvertible {
    var from: String
    var to: String
    var code: String
    var testDescription: String { "\(from) -> \(to)" }
  }

  static let changes: [Change] = [
    Change(from: "repvit_m1.dist_in1k", to: "repvit_m0_9.dist_in1k", code: "config.unsupported"),
    Change(from: "repvit_m1.dist_in1k", to: "resnet50", code: "config.unsupported"),
    Change(from: "repvit_m1.dist_in1k", to: "repvit_m2.dist_in1k", code: "config.mismatch"),
    Change(from: "image_size: 1024", to: "image_size: 1000", code: "config.mismatch"),
    Change(from: "image_size: 1024", to: "image_size: 768", code: "config.mismatch"),
    Change(from: "k_sizes: [16, 16]", to: "k_sizes: [8, 8]", code: "config.unsupported"),
    Change(from: "num_latents_2d: 256", to: "num_latents_2d: 200", code: "config.unsupported"),
    Change(from: "dim_head: 64", to: "dim_head: 32", code: "config.mismatch"),
    Change(from: "use_self_attn: true", to: "use_self_attn: false", code: "config.unsupported"),
    Change(from: "RoPEAttentionv2", to: "RoPEAttention", code: "config.unsupported"),
    Change(from: "layer3]", to: "layer4]", code: "config.unsupported"),
    Change(from: "PerceiverResampler", to: "Other", code: "config.unsupported"),
  ]

  @Test(arguments: changes) func otherFilesAreRefused(change: Change) {
    let text = Self.text().replacing(change.from, with: change.to)
    #expect(text != Self.text())
    let found = failure { () throws(Failure) in
      _ = try OfficialYAML.configuration(parsing: text)
    }
    #expect(found?.code == change.code, "\(found?.description ?? "accepted")")
  }

  @Test(
    arguments: [
      { (c: inout ModelConfiguration) in c.imageSize = 1040 },
      { c in c.imageSize = 544 },
      { c in c.memory.perceiver?.latents2D = 144 },
      { c in c.memory.perceiver?.latents2D = 200 },
      { c in c.memory.perceiver?.heads = 3 },
      { c in c.memory.perceiver?.layers = 0 },
      { c in c.trunk = .repvit(RepViT(embedDims: [48, 96], depths: [1, 1, 1])) },
      { c in c.trunk = .repvit(RepViT(embedDims: [48, 96, 193, 384])) },
    ] as [@Sendable (inout ModelConfiguration) -> Void])
  func sizesMustFit(change: @Sendable (inout ModelConfiguration) -> Void) {
    var configuration = Self.edgeTAM
    change(&configuration)
    let changed = configuration
    #expect(failure { () throws(Failure) in try changed.validate() }?.code == "config.value")
  }

  // MARK: - Checkpoints

  @Test func picturesAloneNeedNoMemory() throws {
    let whole = OfficialTensors(Self.edgeTAM, .imageOnly)
    let checkpoint = SyntheticCheckpoint(whole.names.map { ($0, whole.shapes[$0] ?? []) })
    let detection = try ConfigurationDetector.detect(checkpoint)
    #expect(detection.parts == .imageOnly)
    #expect(detection.configuration.trunk == Self.edgeTAM.trunk)
  }

  /// Without buffers nobody knows what a norm does.
  @Test func normsNeedTheirStatistics() throws {
    var checkpoint = SyntheticCheckpoint(Self.edgeTAM)
    for name in checkpoint.names where name.contains(".running_") { checkpoint.remove(name) }
    let stripped = checkpoint
    let found = failure { () throws(Failure) in
      _ = try ConfigurationDetector.detect(stripped)
    }
    #expect(found?.code == "model.statistics")
    #expect(found?.message.contains("212 statistics") == true, "\(found?.message ?? "")")
    #expect(found?.hint?.contains("state_dict") == true)
  }

  @Test func anotherTrunkIsNamed() throws {
    var checkpoint = SyntheticCheckpoint(Self.edgeTAM)
    for name in checkpoint.names where name.contains(".trunk.") { checkpoint.remove(name) }
    checkpoint.set("image_encoder.trunk.body.layer1.0.conv1.weight", [64, 64, 1, 1])
    let other = checkpoint
    let found = failure { () throws(Failure) in
      _ = try ConfigurationDetector.detect(other)
    }
    #expect(found?.code == "model.architecture")
    #expect(found?.message.contains("EdgeTAM with another trunk") == true)
  }

  @Test func theWrongConfigurationIsRefused() throws {
    let checkpoint = SyntheticCheckpoint(variant("sam2_hiera_tiny"))
    let found = failure { () throws(Failure) in
      _ = try ConfigurationDetector.detect(checkpoint, given: Self.edgeTAM)
    }
    #expect(found?.code == "config.mismatch")
    #expect(found?.message.contains("trunk is repvit") == true)
  }

  @Test func countersStayIntegers() throws {
    let official = OfficialTensors(Self.edgeTAM)
    var checkpoint = SyntheticCheckpoint(Self.edgeTAM)
    for name in official.names where OfficialTensors.isCounter(name) {
      checkpoint.set(name, [], dtype: .int64)
    }
    let model = try ModelImporter.importModel(checkpoint, storage: .float16).model
    let name = "image_encoder.trunk.body.stem.conv1.bn.num_batches_tracked"
    #expect(model.weights[name]?.dtype == .int64)
    #expect(model.weights["no_mem_embed"]?.dtype == .float16)
    let export = try ModelExporter.export(model, dequantizing: false)
    #expect(export.tensors.names == official.names)
    #expect(export.tensors.description(of: name)?.dtype == .int64)
  }

  // MARK: - Names of transformers

  /// Their names, except most of the trunk's, which are timm's on both sides.
  @Test func theirsIsTheOfficialOne() throws {
    let bytes = try #require(fileBytes(fixturePath("edgetam-transformers.txt")))
    var names: [(name: String, shape: [Int])] = String(decoding: bytes, as: UTF8.self)
      .split(separator: "\n").map { line in
        let parts = line.split(separator: " ")
        return (String(parts[0]), parts.dropFirst().compactMap { Int($0) })
      }
    let official = OfficialTensors(Self.edgeTAM)
    let trunk = HuggingFaceNames.timmTrunk
    let known = Set(names.map(\.name))
    for name in official.names where name.hasPrefix(trunk.official) {
      let theirs = trunk.theirs + name.dropFirst(trunk.official.count)
      if !known.contains(theirs) { names.append((theirs, official.shapes[name] ?? [])) }
    }
    let search = try WeightSearch(SyntheticCheckpoint(names))
    #expect(search.layout == .huggingFace)
    let tensors = search.tensors
    #expect(Set(tensors.names) == Set(official.names))
    #expect(tensors.names.count == official.names.count)
    for name in official.names {
      #expect(tensors.description(of: name)?.shape.dimensions == official.shapes[name], "\(name)")
    }
    #expect(try ConfigurationDetector.detect(tensors).configuration == Self.edgeTAM)
  }

  @Test func keysComeBeforeValues() throws {
    let path = "spatial_perceiver.layers.1.self_attention"
    let tensors = try HuggingFaceTensors(
      NamedTensors([
        ("\(path).v_proj.weight", Tensor([3, 4] as [Float], shape: [1, 2])),
        ("\(path).k_proj.weight", Tensor([1, 2] as [Float], shape: [1, 2])),
        // One without the other is left for the report.
        (
          "spatial_perceiver.layers.0.self_attention.k_proj.weight",
          Tensor([5] as [Float], shape: [1, 1])
        ),
      ]))
    let joined = "spatial_perceiver.layers.1.self_attn.to_kv.weight"
    #expect(
      Set(tensors.names)
        == [joined, "spatial_perceiver.layers.0.self_attention.k_proj.weight"])
    #expect(try tensors.tensor(joined).floats() == [1, 2, 3, 4])
    #expect(try tensors.tensor(joined).shape == [2, 2])
  }
}

extension RepViT {
  fileprivate init(embedDims: [Int], depths: [Int] = [2, 2, 14, 2]) {
    self.init()
    (self.embedDims, self.depths) = (embedDims, depths)
  }
}

extension EdgeTAMTests {
  /// `configs/edgetam.yaml`, as far as it states anything that another file does not.
  private static func text() -> String {
    let sine = "{_target_: x.PositionEmbeddingSine, normalize: true, scale: null, num_pos_feats:"
    return """
      # @package _global_
      model:
        _target_: sam2.modeling.sam2_base.SAM2Base
        image_encoder:
          _target_: x.ImageEncoder
          scalp: 1
          trunk:
            _target_: sam2.modeling.backbones.timm.TimmBackbone
            name: repvit_m1.dist_in1k
            features: [layer0, layer1, layer2, layer3]
          neck:
            _target_: x.FpnNeck
            position_encoding: \(sine) 256}
            d_model: 256
            backbone_channel_list: [384, 192, 96, 48]
            fpn_top_down_levels: [2, 3]
            fpn_interp_model: nearest
        memory_attention:
          _target_: x.MemoryAttention
          d_model: 256
          pos_enc_at_input: true
          num_layers: 2
          layer:
            _target_: x.MemoryAttentionLayer
            activation: relu
            dim_feedforward: 2048
            dropout: 0.1
            pos_enc_at_attn: false
            self_attention: {_target_: x.RoPEAttention, rope_theta: 10000.0, feat_sizes: [32, 32],
              embedding_dim: 256, num_heads: 1, downsample_rate: 1, dropout: 0.1}
            d_model: 256
            pos_enc_at_cross_attn_keys: true
            pos_enc_at_cross_attn_queries: false
            cross_attention: {_target_: x.RoPEAttentionv2, rope_theta: 10000.0, q_sizes: [64, 64],
              k_sizes: [16, 16], embedding_dim: 256, num_heads: 1, downsample_rate: 1,
              dropout: 0.1, kv_in_dim: 64}
        memory_encoder:
          _target_: x.MemoryEncoder
          out_dim: 64
          position_encoding: \(sine) 64}
          mask_downsampler: {_target_: x.MaskDownSampler, kernel_size: 3, stride: 2, padding: 1}
          fuser:
            _target_: x.Fuser
            layer: {_target_: x.CXBlock, dim: 256, kernel_size: 7, padding: 3, use_dwconv: True}
            num_layers: 2
        spatial_perceiver:
          _target_: sam2.modeling.perceiver.PerceiverResampler
          depth: 2
          dim: 64
          dim_head: 64
          heads: 1
          ff_mult: 4
          hidden_dropout_p: 0.
          attention_dropout_p: 0.
          pos_enc_at_key_value: true # implicit pos
          concat_kv_latents: false
          num_latents: 256
          num_latents_2d: 256
          position_encoding: \(sine) 64}
          use_self_attn: true
        num_maskmem: 7
        image_size: 1024
        sigmoid_scale_for_mem_enc: 20.0
        sigmoid_bias_for_mem_enc: -10.0
        use_mask_input_as_output_without_sam: true
        directly_add_no_mem_embed: true
        use_high_res_features_in_sam: true
        multimask_output_in_sam: true
        iou_prediction_use_sigmoid: True
        use_obj_ptrs_in_encoder: true
        add_tpos_enc_to_obj_ptrs: false
        only_obj_ptrs_in_the_past_for_eval: true
        pred_obj_scores: true
        pred_obj_scores_mlp: true
        fixed_no_obj_ptr: true
        multimask_output_for_tracking: true
        use_multimask_token_for_obj_ptr: true
        multimask_min_pt_num: 0
        multimask_max_pt_num: 1
        use_mlp_for_obj_ptr_proj: true
        compile_image_encoder: false
      """
  }
}
