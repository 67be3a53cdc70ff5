public import Bytes
import JSON
public import SAM2Config

/// Reads the configuration files of the official package: a tree of `_target_` classes, under
/// `model:` in predictors' files and under `trainer.model:` in the trainer's.
///
/// Absent keys have the defaults of the reference's constructors. Keys that do not change what the
/// model computes are ignored; any other unknown key, class or value is an error.
public struct OfficialYAML {
  var c = ModelConfiguration()
  private var notes: [String] = []
  /// Sides of the map that the file's rotary positions are for, where the reference does not
  /// recompute them.
  var queryGrid: [Int]?

  /// The configuration alone; see `read`.
  public static func configuration(parsing text: String) throws(Failure) -> ModelConfiguration {
    try read(text).configuration
  }

  /// The configuration in `text`, and a description of anything left out of it.
  ///
  /// - Throws: `yaml.*` for text that is not YAML; `config.value`, `config.unknown`,
  ///   `config.unsupported`; `config.mismatch` when widths inside the file contradict each other.
  public static func read(
    _ text: String
  ) throws(Failure) -> (configuration: ModelConfiguration, notes: [String]) {
    let document = try YAMLText.parse(text)
    let trained = document["trainer"]?["model"]
    guard let model = document["model"] ?? trained else {
      throw Failure(
        .badInput, code: "config.value",
        "the configuration has no model: neither \"model\" nor \"trainer.model\"",
        hint: "pass a file like those in the sam2 package's configs folder")
    }
    var reader = OfficialYAML()
    try reader.readModel(try ReferencedValues(document).resolved(model))
    try reader.checkQueryGrid()
    try reader.c.validate()
    for known in KnownVariants.all + KnownVariants.alternatives {
      var resized = known
      resized.imageSize = reader.c.imageSize
      reader.c.variant = known.variant
      if reader.c == resized { return (resized, reader.notes) }
    }
    reader.c.variant = ModelConfiguration().variant
    return (reader.c, reader.notes)
  }

  private mutating func readModel(_ value: JSONValue) throws(Failure) {
    var model = try ConfigurationSection("model", value)
    let refining = ["SAM2HQBase", "SAM2HQVideoPredictor"]
    let classes =
      [
        "SAM2Base", "SAM2VideoPredictor", "SAM2VideoPredictorVOS", "SAM2Train",
        "EfficientTAMBase",
      ] + refining
    let target = classes[try model.requireTarget(classes)]
    c.decoder.hasHQToken = refining.contains(target)
    let isTrained = target == "SAM2Train"
    try readImageEncoder(&model)
    try readMemoryEncoder(&model)
    c.memory.perceiver = try Self.perceiver(of: &model, width: c.memory.dim)
    try readMemoryAttention(&model)
    try readSwitches(&model)
    try readDecoder(&model)
    model.ignore(
      "compile_image_encoder", "fill_hole_area", "non_overlap_masks",
      "clear_non_cond_mem_around_input", "add_all_frames_to_correct_as_cond")
    if isTrained {
      let left = model.leaveOut(Self.trainingSwitches)
      if !left.isEmpty {
        notes.append(
          "left out \(left.count) settings of training: \(left.prefix(3).joined(separator: ", "))"
            + (left.count > 3 ? ", …" : ""))
      }
    }
    try model.finish()
  }

  /// Arguments that `SAM2Train` has in addition to the model's, and that only training reads.
  private static let trainingSwitches = [
    "prob_to_use_pt_input_for_train", "prob_to_use_pt_input_for_eval",
    "prob_to_use_box_input_for_train", "prob_to_use_box_input_for_eval",
    "num_frames_to_correct_for_train", "num_frames_to_correct_for_eval",
    "rand_frames_to_correct_for_train", "rand_frames_to_correct_for_eval",
    "num_init_cond_frames_for_train", "num_init_cond_frames_for_eval",
    "rand_init_cond_frames_for_train", "rand_init_cond_frames_for_eval",
    "add_all_frames_to_correct_as_cond", "num_correction_pt_per_frame",
    "pt_sampling_for_eval", "prob_to_sample_from_gt_for_train",
    "use_act_ckpt_iterative_pt_sampling", "forward_backbone_per_frame_for_eval",
    "freeze_image_encoder",
  ]

  // MARK: - Image encoder

  private mutating func readImageEncoder(_ model: inout ConfigurationSection) throws(Failure) {
    var encoder = try model.section("image_encoder", target: "ImageEncoder")
    c.neck.scalp = try encoder.count("scalp", 0)
    c.trunk = try Self.trunk(of: &encoder)
    try readNeck(&encoder)
    try encoder.finish()
  }

  private mutating func readNeck(_ encoder: inout ConfigurationSection) throws(Failure) {
    if case .vit = c.trunk { return try readPlainNeck(&encoder) }
    var neck = try encoder.section("neck", target: "FpnNeck")
    c.dModel = try neck.count("d_model", 256)
    c.neck.fpnInterpModel = try neck.text("fpn_interp_model", "bilinear")
    c.neck.fpnTopDownLevels = try neck.counts(
      "fpn_top_down_levels", Array(c.trunk.levelWidths.indices))
    for (key, value) in [("kernel_size", 1), ("stride", 1), ("padding", 0)] {
      try neck.require(key, JSONValue(value), initial: JSONValue(value))
    }
    try neck.require("fuse_type", "sum", initial: "sum")
    let widths = try neck.counts("backbone_channel_list", [])
    guard widths == c.trunk.levelWidths.reversed() else {
      throw Failure(
        .badInput, code: "config.mismatch",
        "\(neck.path).backbone_channel_list is \(widths), not the widths of the trunk's maps")
    }
    try Self.readPositions(&neck, width: c.dModel)
    try neck.finish()
  }

  /// Reads the neck of a trunk with a single map.
  private mutating func readPlainNeck(_ encoder: inout ConfigurationSection) throws(Failure) {
    var neck = try encoder.section("neck", target: "ViTDetNeck")
    c.dModel = try neck.count("d_model", 256)
    try neck.require("neck_norm", "LN", initial: .null)
    neck.ignore("kernel_size", "stride", "padding")
    let widths = try neck.counts("backbone_channel_list", [])
    guard widths == c.trunk.levelWidths else {
      throw Failure(
        .badInput, code: "config.mismatch",
        "\(neck.path).backbone_channel_list is \(widths), not the width of the trunk's map")
    }
    try Self.readPositions(&neck, width: c.dModel)
    try neck.finish()
  }

  /// Requires the defaults of the sine code, which is written for them.
  static func readPositions(
    _ parent: inout ConfigurationSection, width: Int
  ) throws(Failure) {
    var sine = try parent.section("position_encoding", target: "PositionEmbeddingSine")
    try sine.requireWidth("num_pos_feats", width, initial: width)
    try sine.require("normalize", true, initial: true)
    try sine.require("scale", .null, initial: .null)
    try sine.require("temperature", 10_000, initial: 10_000)
    sine.ignore("warmup_cache", "image_size", "strides")
    try sine.finish()
  }

  // MARK: - Memory

  private mutating func readMemoryEncoder(_ model: inout ConfigurationSection) throws(Failure) {
    var encoder = try model.section("memory_encoder", target: "MemoryEncoder")
    c.memory.dim = try encoder.count("out_dim", 64)
    try encoder.requireWidth("in_dim", c.dModel, initial: 256)
    try Self.readPositions(&encoder, width: c.memory.dim)
    var mask = try encoder.section("mask_downsampler", target: "MaskDownSampler")
    c.memory.encoder.maskDownsamplerKernel = try mask.count("kernel_size", 4)
    c.memory.encoder.maskDownsamplerStride = try mask.count("stride", 4)
    c.memory.encoder.maskDownsamplerPadding = try mask.count("padding", 0)
    try mask.requireWidth("embed_dim", c.dModel, initial: 256)
    try mask.require("total_stride", 16, initial: 16)
    try mask.finish()
    var fuser = try encoder.section("fuser", target: "Fuser")
    c.memory.encoder.fuserLayers = try fuser.count("num_layers", 2)
    try fuser.require("input_projection", false, initial: false)
    fuser.ignore("dim")
    var block = try fuser.section("layer", target: "CXBlock")
    c.memory.encoder.fuserKernel = try block.count("kernel_size", 7)
    try block.requireWidth("dim", c.dModel, initial: c.dModel)
    try block.requireWidth("padding", c.memory.encoder.fuserKernel / 2, initial: 3)
    try block.require("use_dwconv", true, initial: true)
    block.ignore("drop_path", "layer_scale_init_value")
    try block.finish()
    try fuser.finish()
    try encoder.finish()
  }

  // MARK: - Switches

  /// Entries of the model itself under the reference's names, with its defaults.
  private static let switches: [(key: String, initial: JSONValue)] = [
    ("num_maskmem", 7), ("image_size", 512), ("backbone_stride", 16),
    ("sigmoid_scale_for_mem_enc", 1.0), ("sigmoid_bias_for_mem_enc", 0.0),
    ("use_mask_input_as_output_without_sam", false), ("max_cond_frames_in_attn", -1),
    ("directly_add_no_mem_embed", false), ("use_high_res_features_in_sam", false),
    ("multimask_output_in_sam", false), ("multimask_min_pt_num", 1), ("multimask_max_pt_num", 1),
    ("multimask_output_for_tracking", false), ("use_multimask_token_for_obj_ptr", false),
    ("iou_prediction_use_sigmoid", false), ("memory_temporal_stride_for_eval", 1),
    ("non_overlap_masks_for_mem_enc", false), ("use_obj_ptrs_in_encoder", false),
    ("max_obj_ptrs_in_encoder", 16), ("add_tpos_enc_to_obj_ptrs", true),
    ("proj_tpos_enc_in_obj_ptrs", false), ("use_signed_tpos_enc_to_obj_ptrs", false),
    ("only_obj_ptrs_in_the_past_for_eval", false), ("pred_obj_scores", false),
    ("pred_obj_scores_mlp", false), ("fixed_no_obj_ptr", false), ("soft_no_obj_ptr", false),
    ("use_mlp_for_obj_ptr_proj", false), ("no_obj_embed_spatial", false),
    // Set by `build_sam2_video_predictor` unless the file has other values.
    ("binarize_mask_from_pts_for_mem_enc", true),
  ]

  /// The same for the mask decoder's extra arguments.
  private static let decoderSwitches: [(key: String, initial: JSONValue)] = [
    ("dynamic_multimask_via_stability", true), ("dynamic_multimask_stability_delta", 0.05),
    ("dynamic_multimask_stability_thresh", 0.98),
  ]

  private mutating func readSwitches(_ model: inout ConfigurationSection) throws(Failure) {
    try read(Self.switches, from: &model)
  }

  private mutating func readDecoder(_ model: inout ConfigurationSection) throws(Failure) {
    guard let extra = model.value("sam_mask_decoder_extra_args"), !extra.isNull else { return }
    var decoder = try ConfigurationSection("model.sam_mask_decoder_extra_args", extra)
    try read(Self.decoderSwitches, from: &decoder)
    try decoder.finish()
  }

  private mutating func read(
    _ entries: [(key: String, initial: JSONValue)], from section: inout ConfigurationSection
  ) throws(Failure) {
    for (key, initial) in entries {
      do {
        try c.set(key, section.value(key) ?? initial)
      } catch {
        throw Failure(
          .badInput, code: "config.value", error.message, place: section.path)
      }
    }
  }
}
