import SAM2Config
import Tensors
import TestSupport
import Testing

@testable import SAM2Import

/// Names as the converter of sam3.cpp makes them, one replacement after the other.
@Suite struct SAM3CppTests {
  /// Its replacements, in its order.
  private static let replacements: [(old: String, new: String)] = [
    ("image_encoder.trunk.", "hiera."), ("hiera.patch_embed.proj.", "hiera.patch_embed."),
    ("image_encoder.neck.convs.", "fpn.convs."), (".conv.weight", ".weight"),
    (".conv.bias", ".bias"), ("sam_prompt_encoder.", "sam_pe."),
    ("sam_pe.pe_layer.positional_encoding_gaussian_matrix", "sam_pe.pe_gaussian"),
    ("sam_pe.mask_downscaling.", "sam_pe.mask_ds."), ("sam_mask_decoder.", "sam_dec."),
    ("sam_dec.transformer.layers.", "sam_dec.twoway."),
    ("sam_dec.transformer.final_attn_token_to_image.", "sam_dec.final_attn."),
    ("sam_dec.transformer.norm_final_attn.", "sam_dec.final_norm."),
    ("sam_dec.output_upscaling.", "sam_dec.upscale."),
    ("sam_dec.output_hypernetworks_mlps.", "sam_dec.hyper."), (".self_attn.", ".sa."),
    ("memory_encoder.", "mem_enc."), ("mem_enc.mask_downsampler.encoder.", "mem_enc.ds."),
    ("mem_enc.fuser.layers.", "mem_enc.fuser."),
    ("memory_attention.layers.", "mem_attn.layers."), ("memory_attention.norm.", "mem_attn.norm."),
    (".cross_attn_image.", ".ca."), ("maskmem_tpos_enc", "mem_enc.tpos_enc"),
    ("mask_downsample.", "trk_mask_ds."),
  ]

  static func theirs(_ name: String) -> String {
    var name = name
    for (old, new) in replacements {
      name = replaced(name, old, new)
      if new == "hiera.patch_embed.", name.hasPrefix("hiera.blocks.") {
        name = replaced(name, ".mlp.layers.0.", ".mlp.fc1.")
        name = replaced(name, ".mlp.layers.1.", ".mlp.fc2.")
      }
      if new == ".sa.", name.hasPrefix("sam_dec.twoway.") {
        name = replaced(name, ".mlp.layers.0.", ".mlp.lin1.")
        name = replaced(name, ".mlp.layers.1.", ".mlp.lin2.")
      }
    }
    return name
  }

  private static func replaced(_ text: String, _ old: String, _ new: String) -> String {
    var result = ""
    var rest = text[...]
    while !rest.isEmpty {
      if rest.hasPrefix(old) {
        result += new
        rest = rest.dropFirst(old.count)
      } else {
        result.append(rest.removeFirst())
      }
    }
    return result
  }

  @Test(arguments: ["nano", "sam2_hiera_tiny", "sam2.1_hiera_large"])
  func namesAreOfficial(size: String) throws {
    let official = OfficialTensors(variant(size))
    let checkpoint = SyntheticCheckpoint(
      official.names.map { (Self.theirs($0), official.shapes[$0] ?? []) })
    #expect(!checkpoint.names.contains { $0.hasPrefix("image_encoder.") })
    let found = try WeightSearch(checkpoint)
    #expect(found.layout == .sam3Cpp)
    #expect(Set(found.tensors.names) == Set(official.names))
    #expect(try ConfigurationDetector.detect(found.tensors).configuration.variant == size)
  }
}
