import Bytes
import Graph
import JSON
import ModelInterface
import SAM2Config
import Tensors
import TestSupport
import Testing

@testable import SAM2Import

/// Checkpoints with the names of Hugging Face `transformers`.
///
/// `Scripts/check_hf_names.py` wrote the list of names, and checks values against their library.
@Suite struct HuggingFaceTests {
  private static func names() throws -> [(name: String, shape: [Int])] {
    let bytes = try #require(fileBytes(fixturePath("sam2.1-tiny-transformers.txt")))
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map { line in
      let parts = line.split(separator: " ")
      return (String(parts[0]), parts.dropFirst().compactMap { Int($0) })
    }
  }

  @Test func theirTinyIsTheOfficialTiny() throws {
    let names = try HuggingFaceTests.names()
    #expect(names.count == 469)
    let checkpoint = SyntheticCheckpoint(names)
    #expect(HuggingFaceTensors.recognizes(checkpoint))
    let tensors = try HuggingFaceTensors(checkpoint)
    let official = OfficialTensors(variant("sam2.1_hiera_tiny"))
    #expect(Set(tensors.names) == Set(official.names))
    #expect(tensors.names.count == official.names.count)
    for name in official.names {
      #expect(tensors.description(of: name)?.shape.dimensions == official.shapes[name], "\(name)")
      #expect(try tensors.tensor(name).shape.dimensions == official.shapes[name], "\(name)")
    }
    #expect(
      try ConfigurationDetector.detect(tensors).configuration.variant == "sam2.1_hiera_tiny")
  }

  /// Pairs read off their conversion script; shapes alone would not distinguish these.
  static let pairs = [
    ("no_memory_embedding", "no_mem_embed"),
    ("no_memory_positional_encoding", "no_mem_pos_enc"),
    (
      "vision_encoder.backbone.blocks.11.layer_norm1.bias",
      "image_encoder.trunk.blocks.11.norm1.bias"
    ),
    ("vision_encoder.backbone.blocks.3.proj.weight", "image_encoder.trunk.blocks.3.proj.weight"),
    (
      "vision_encoder.backbone.blocks.3.attn.proj.weight",
      "image_encoder.trunk.blocks.3.attn.proj.weight"
    ),
    (
      "vision_encoder.backbone.blocks.0.mlp.proj_out.bias",
      "image_encoder.trunk.blocks.0.mlp.layers.1.bias"
    ),
    ("vision_encoder.neck.convs.2.bias", "image_encoder.neck.convs.2.conv.bias"),
    (
      "memory_attention.layers.1.cross_attn_image.o_proj.bias",
      "memory_attention.layers.1.cross_attn_image.out_proj.bias"
    ),
    ("memory_attention.layers.0.layer_norm3.weight", "memory_attention.layers.0.norm3.weight"),
    (
      "memory_encoder.mask_downsampler.layers.2.conv.bias",
      "memory_encoder.mask_downsampler.encoder.6.bias"
    ),
    (
      "memory_encoder.mask_downsampler.layers.2.layer_norm.bias",
      "memory_encoder.mask_downsampler.encoder.7.bias"
    ),
    ("memory_encoder.memory_fuser.layers.1.scale", "memory_encoder.fuser.layers.1.gamma"),
    (
      "memory_encoder.memory_fuser.layers.0.pointwise_conv2.bias",
      "memory_encoder.fuser.layers.0.pwconv2.bias"
    ),
    ("prompt_encoder.mask_embed.layer_norm2.bias", "sam_prompt_encoder.mask_downscaling.4.bias"),
    ("prompt_encoder.not_a_point_embed.weight", "sam_prompt_encoder.not_a_point_embed.weight"),
    ("prompt_encoder.no_mask_embed.weight", "sam_prompt_encoder.no_mask_embed.weight"),
    (
      "mask_decoder.output_hypernetworks_mlps.3.proj_in.weight",
      "sam_mask_decoder.output_hypernetworks_mlps.3.layers.0.weight"
    ),
    (
      "mask_decoder.output_hypernetworks_mlps.3.layers.0.weight",
      "sam_mask_decoder.output_hypernetworks_mlps.3.layers.1.weight"
    ),
    (
      "mask_decoder.iou_prediction_head.layers.0.bias",
      "sam_mask_decoder.iou_prediction_head.layers.1.bias"
    ),
    (
      "mask_decoder.pred_obj_score_head.proj_out.bias",
      "sam_mask_decoder.pred_obj_score_head.layers.2.bias"
    ),
    ("mask_decoder.upscale_conv2.weight", "sam_mask_decoder.output_upscaling.3.weight"),
    ("object_pointer_proj.proj_in.weight", "obj_ptr_proj.layers.0.weight"),
    ("object_pointer_proj.layers.0.weight", "obj_ptr_proj.layers.1.weight"),
    ("object_pointer_proj.proj_out.weight", "obj_ptr_proj.layers.2.weight"),
  ]

  @Test(arguments: pairs) func namesAreTranslated(theirs: String, official: String) {
    #expect(HuggingFaceNames.official(theirs) == official)
  }

  @Test(arguments: [
    "vision_encoder.backbone.blocks.x.layer_norm1.bias",
    "vision_encoder.backbone.blocks.01.proj.bias",
    "vision_encoder.backbone.blocks.99999999999999999999.proj.bias", "weight", "", ".",
    "no_mem_embed",
    "vision_encoder.backbone.blocks.#.proj.bias", "no_memory_embedding.weight",
  ])
  func otherNamesAreNotTranslated(name: String) {
    let official = HuggingFaceNames.official(name)
    #expect(official == nil || official?.contains("#") == true)
  }

  // MARK: - Tensors without a rule of their own

  private static let width = 4

  /// Rows 0 to 3 of the point embeddings, and the position code twice.
  private static func special(secondCode: Float = 7) -> NamedTensors {
    let points = (0..<16).map { Float($0) }
    let codes = [Float](repeating: 7, count: 4)
    return NamedTensors([
      ("prompt_encoder.point_embed.weight", Tensor(points, shape: [4, width])),
      ("shared_image_embedding.positional_embedding", Tensor(codes, shape: [2, 2])),
      (
        "prompt_encoder.shared_embedding.positional_embedding",
        Tensor([7, 7, 7, secondCode], shape: [2, 2])
      ),
      ("memory_encoder.mask_downsampler.layers.0.conv.weight", Tensor([Float(1)], shape: [1])),
      ("memory_encoder.mask_downsampler.layers.1.conv.weight", Tensor([Float(2)], shape: [1])),
      ("memory_encoder.mask_downsampler.final_conv.weight", Tensor([Float(3)], shape: [1])),
      ("something.else", Tensor([Float(4)], shape: [1])),
    ])
  }

  @Test func fusedTensorsAreSplit() throws {
    let tensors = try HuggingFaceTensors(HuggingFaceTests.special())
    for row in 0..<4 {
      let tensor = try tensors.tensor("sam_prompt_encoder.point_embeddings.\(row).weight")
      #expect(tensor.shape == [1, 4])
      #expect(tensor.floats() == (0..<4).map { Float(4 * row + $0) })
    }
    let code = "sam_prompt_encoder.pe_layer.positional_encoding_gaussian_matrix"
    #expect(tensors.names.count { $0 == code } == 1)
    #expect(try tensors.tensor(code).floats() == [7, 7, 7, 7])
    let downsampler = "memory_encoder.mask_downsampler.encoder"
    #expect(try tensors.tensor("\(downsampler).3.weight").floats() == [2])
    #expect(try tensors.tensor("\(downsampler).6.weight").floats() == [3])
    #expect(try tensors.tensor("something.else").floats() == [4])
    #expect(throws: failure("tensor.missing")) {
      try tensors.tensor("prompt_encoder.point_embed.weight")
    }
  }

  @Test func differingPositionCodesAreRefused() {
    #expect(throws: failure("hf.position_code")) {
      try HuggingFaceTensors(HuggingFaceTests.special(secondCode: 8))
    }
  }

  @Test func twoNamesForOneTensorAreRefused() {
    let one = Tensor([Float(1)], shape: [1])
    #expect(throws: failure("hf.name_collision")) {
      try HuggingFaceTensors(
        NamedTensors([("no_memory_embedding", one), ("no_mem_embed", one)]))
    }
  }

  @Test func aTensorTooManyIsReported() throws {
    var checkpoint = SyntheticCheckpoint(try HuggingFaceTests.names())
    checkpoint.set("mask_decoder.stranger.weight", [1])
    let thrown = #expect(throws: Failure.self) { try ModelImporter.importModel(checkpoint) }
    #expect(thrown?.code == "model.architecture")
    #expect(thrown?.message.contains("mask_decoder.stranger.weight") == true)
  }

  /// A part of the memory is not a memory.
  @Test func aMemoryInPartIsRefusedByName() throws {
    let part = try HuggingFaceTests.names().filter { !$0.name.hasPrefix("memory_") }
    let thrown = #expect(throws: Failure.self) {
      try ModelImporter.importModel(SyntheticCheckpoint(part))
    }
    #expect(thrown?.code == "model.architecture")
    #expect(thrown?.message.contains("maskmem_tpos_enc") == true)
  }

  /// Beginnings of the names that `Sam2VideoModel` has and `Sam2Model`, for pictures, has not.
  private static let ofVideo = [
    "memory_", "no_memory_positional_encoding", "no_object_pointer", "occlusion_",
    "mask_downsample",
    "object_pointer_", "temporal_",
  ]

  @Test func theModelForPicturesIsOneForPictures() throws {
    let image = try HuggingFaceTests.names().filter { entry in
      !HuggingFaceTests.ofVideo.contains { entry.name.hasPrefix($0) }
    }
    #expect(image.count == 309)
    let imported = try ModelImporter.importModel(SyntheticCheckpoint(image))
    #expect(imported.parts == .imageOnly && imported.layout == .huggingFace)
    #expect(imported.configuration.variant == "sam2.1_hiera_tiny")
    #expect(imported.assumptions.count == 1)
    #expect(imported.assumptions[0].contains("sam2_hiera_tiny"))
    #expect(imported.model.metadata["parts"]?.string == "image-only")
    #expect(imported.model.graph("encode_memory") == nil)
    #expect(imported.model.graph("encode_mask_prompt") != nil)
  }
}
