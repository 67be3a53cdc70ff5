import Bytes
import SAM2Config
import TestSupport
import Testing

@testable import SAM2Import

struct OfficialYAMLTests {
  /// From the fixtures that all tests share, one folder up.
  static func nanoText(file: String = #filePath) throws -> String {
    let slash = try #require(file.lastIndex(of: "/"))
    let bytes = try #require(fileBytes(fixturePath("nano/nano.yaml", file: String(file[..<slash]))))
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test
  func nanoIsTheKnownNano() throws {
    let configuration = try OfficialYAML.configuration(parsing: try Self.nanoText())
    #expect(configuration == variant("nano"))
  }

  /// A file that sets as little as the official ones do: the reference's defaults fill in.
  @Test
  func officialConfigurationsAreFoundFromTheirSettings() throws {
    let sizes: [(variant: String, trunk: String, widths: String)] = [
      (
        "tiny",
        "{embed_dim: 96, num_heads: 1, stages: [1, 2, 7, 2], global_att_blocks: [5, 7, 9], "
          + "window_pos_embed_bkg_spatial_size: [7, 7]", "[768, 384, 192, 96]"
      ),
      ("base_plus", "{embed_dim: 112, num_heads: 2", "[896, 448, 224, 112]"),
      (
        "large",
        "{embed_dim: 144, num_heads: 2, stages: [2, 6, 36, 4], global_att_blocks: [23, 33, 43], "
          + "window_pos_embed_bkg_spatial_size: [7, 7], window_spec: [8, 4, 16, 8]",
        "[1152, 576, 288, 144]"
      ),
    ]
    for size in sizes {
      for family in ["sam2", "sam2.1"] {
        let text = Self.text(trunk: size.trunk, widths: size.widths, isNew: family == "sam2.1")
        let configuration = try OfficialYAML.configuration(parsing: text)
        #expect(configuration == variant("\(family)_hiera_\(size.variant)"))
      }
    }
  }

  @Test
  func theClassIdentifiesHQSAM() throws {
    let widths = "[1152, 576, 288, 144]"
    let trunk =
      "{embed_dim: 144, num_heads: 2, stages: [2, 6, 36, 4], global_att_blocks: [23, 33, 43], "
      + "window_pos_embed_bkg_spatial_size: [7, 7], window_spec: [8, 4, 16, 8]"
    let text = Self.text(trunk: trunk, widths: widths, isNew: true)
      .replacing("sam2_base.SAM2Base", with: "sam2_hq_base.SAM2HQBase")
    #expect(try OfficialYAML.configuration(parsing: text) == variant("sam2.1_hq_hiera_large"))
  }

  private static func text(trunk: String, widths: String, isNew: Bool) -> String {
    let rotary = "{_target_: x.RoPEAttention, embedding_dim: 256, num_heads: 1, downsample_rate: 1"
    let sine = "{_target_: x.PositionEmbeddingSine, normalize: true, num_pos_feats:"
    let newer = """
        no_obj_embed_spatial: true
        proj_tpos_enc_in_obj_ptrs: true
        use_signed_tpos_enc_to_obj_ptrs: true
      """
    return """
      # @package _global_
      model:
        _target_: sam2.modeling.sam2_base.SAM2Base
        image_encoder:
          _target_: x.ImageEncoder
          scalp: 1
          trunk: \(trunk), _target_: x.Hiera}
          neck:
            _target_: x.FpnNeck
            position_encoding: \(sine) 256}
            d_model: 256
            backbone_channel_list: \(widths)
            fpn_top_down_levels: [2, 3]  # the others have no level above
            fpn_interp_model: nearest
        memory_attention:
          _target_: x.MemoryAttention
          d_model: 256
          pos_enc_at_input: true
          num_layers: 4
          layer:
            _target_: x.MemoryAttentionLayer
            activation: relu
            dim_feedforward: 2048
            dropout: 0.1
            pos_enc_at_attn: false
            self_attention: \(rotary)}
            d_model: 256
            pos_enc_at_cross_attn_keys: true
            pos_enc_at_cross_attn_queries: false
            cross_attention: \(rotary), rope_k_repeat: True, kv_in_dim: 64}
        memory_encoder:
          _target_: x.MemoryEncoder
          out_dim: 64
          position_encoding: \(sine) 64}
          mask_downsampler: {_target_: x.MaskDownSampler, kernel_size: 3, stride: 2, padding: 1}
          fuser:
            _target_: x.Fuser
            layer: {_target_: x.CXBlock, dim: 256, layer_scale_init_value: 1e-6}
            num_layers: 2
        image_size: 1024
        sigmoid_scale_for_mem_enc: 20.0
        sigmoid_bias_for_mem_enc: -10.0
        use_mask_input_as_output_without_sam: true
        directly_add_no_mem_embed: true
        use_high_res_features_in_sam: true
        multimask_output_in_sam: true
        iou_prediction_use_sigmoid: True
        use_obj_ptrs_in_encoder: true
        add_tpos_enc_to_obj_ptrs: \(isNew)
      \(isNew ? newer : "")
        only_obj_ptrs_in_the_past_for_eval: true
        pred_obj_scores: true
        pred_obj_scores_mlp: true
        fixed_no_obj_ptr: true
        multimask_output_for_tracking: true
        use_multimask_token_for_obj_ptr: true
        multimask_min_pt_num: 0
        multimask_max_pt_num: 1
        use_mlp_for_obj_ptr_proj: true
        compile_image_encoder: False
      """
  }

  // MARK: - Refusals

  struct Edit: Sendable, CustomTestStringConvertible {
    var old: String
    var new: String
    var code: String
    var testDescription: String { "\(old) -> \(new)" }
  }

  static let edits: [Edit] = [
    Edit(old: "image_size: 256", new: "image_size: large", code: "config.value"),
    Edit(old: "image_size: 256", new: "image_size: ${size}", code: "config.reference"),
    Edit(old: "image_size: 256", new: "image_size: \"256\"", code: "config.value"),
    Edit(old: "image_size: 256", new: "image_size: 255", code: "config.value"),
    Edit(old: "image_size: 256", new: "image_sise: 256", code: "config.unknown"),
    Edit(old: "embed_dim: 32", new: "embed_dim: 36", code: "config.mismatch"),
    Edit(old: "kv_in_dim: 64", new: "kv_in_dim: 32", code: "config.mismatch"),
    Edit(
      old: "dim: 192\n        kernel", new: "dim: 64\n        kernel", code: "config.mismatch"),
    Edit(old: "activation: relu", new: "activation: gelu", code: "config.unsupported"),
    Edit(old: "hieradet.Hiera", new: "hieradet.Other", code: "config.unsupported"),
    Edit(old: "temperature: 10000", new: "temperature: 20", code: "config.unsupported"),
    Edit(old: "scalp: 1", new: "scalp: 1\n    surprise: 2", code: "config.unknown"),
    Edit(old: "scalp: 1", new: "scalp: &anchor 1", code: "yaml.alias"),
    Edit(old: "scalp: 1", new: "scalp: [1", code: "yaml.syntax"),
    Edit(old: "model:", new: "modell:", code: "config.value"),
    Edit(old: "stages: [1, 2, 4, 1]", new: "stages: [1, 2, 4.5, 1]", code: "config.value"),
  ]

  @Test(arguments: edits)
  func wrongFilesAreRefused(edit: Edit) throws {
    let text = try Self.nanoText()
    let range = try #require(text.firstRange(of: edit.old))
    var changed = text
    changed.replaceSubrange(range, with: edit.new)
    let found = failure { () throws(Failure) in
      _ = try OfficialYAML.configuration(parsing: changed)
    }
    #expect(found?.code == edit.code, "\(found.map(\.description) ?? "accepted")")
  }

  @Test
  func largeAndEmptyTextsAreRefused() {
    func code(_ text: String) -> String? {
      failure { () throws(Failure) in _ = try OfficialYAML.configuration(parsing: text) }?.code
    }
    #expect(code("") == "config.value")
    #expect(code(String(repeating: "#", count: 300_000)) == "yaml.size")
    #expect(code(String(repeating: "[", count: 10_000)) == "yaml.syntax")
  }

  @Test
  func explicitDecoderArgumentsCount() throws {
    let extra = "  sam_mask_decoder_extra_args: {dynamic_multimask_via_stability: false}\n"
    let configuration = try OfficialYAML.configuration(parsing: try Self.nanoText() + extra)
    #expect(!configuration.decoder.dynamicMultimaskViaStability)
    #expect(configuration.variant == "custom")
  }

  // MARK: - The files of the trainer

  /// The same model as the official trainer's files have it.
  private static func trainerText(
    size: String = "${scratch.resolution}", scratch: String = "resolution: 256"
  ) throws -> String {
    var text = try nanoText()
    let target = try #require(text.firstRange(of: "SAM2Base"))
    text.replaceSubrange(target, with: "SAM2Train")
    let line = try #require(text.firstRange(of: "image_size: 256"))
    text.replaceSubrange(line, with: "image_size: \(size)")
    let model = text.split(separator: "\n").map { "  \($0)\n" }.joined()
    return
      "# @package _global_\nscratch:\n  \(scratch)\ntrainer:\n  _target_: training.trainer.Trainer\n"
      + model + "    prob_to_use_pt_input_for_train: 0.5\n    freeze_image_encoder: false\n"
      + "launcher:\n  gpus_per_node: 1\n"
  }

  @Test
  func theFilesOfTheTrainerAreRead() throws {
    let (configuration, notes) = try OfficialYAML.read(try Self.trainerText())
    #expect(configuration == variant("nano"))
    #expect(
      notes == [
        "left out 2 settings of training: prob_to_use_pt_input_for_train, freeze_image_encoder"
      ])
    let twice = try Self.trainerText(scratch: "resolution: ${scratch.side}\n  side: 256")
    #expect(try OfficialYAML.configuration(parsing: twice) == variant("nano"))
  }

  @Test(arguments: [
    ("${scratch.nothing}", "resolution: 256", "config.reference"),
    ("${nothing}", "resolution: 256", "config.reference"),
    ("${scratch.resolution}", "resolution: ${scratch.resolution}", "config.reference"),
    ("${scratch}", "resolution: 256", "config.value"),
    ("${times:${scratch.resolution},2}", "resolution: 256", "config.value"),
    ("${scratch.resolution}0", "resolution: 256", "config.value"),
  ])
  func referencesThatHelpNobodyAreRefused(size: String, scratch: String, code: String) throws {
    let text = try Self.trainerText(size: "\"\(size)\"", scratch: scratch)
    let found = failure { () throws(Failure) in _ = try OfficialYAML.read(text) }
    #expect(found?.code == code, "\(found.map(\.description) ?? "accepted")")
  }

  /// A setting that only a training module takes is unknown elsewhere.
  @Test
  func settingsOfTrainingNeedItsClass() throws {
    var text = try Self.trainerText()
    let target = try #require(text.firstRange(of: "SAM2Train"))
    text.replaceSubrange(target, with: "SAM2Base")
    let found = failure { () throws(Failure) in _ = try OfficialYAML.read(text) }
    #expect(found?.code == "config.unknown")
  }
}
