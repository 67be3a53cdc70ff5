/// The graphs of a SAM 2 model, in the order of use.
public enum GraphName: String, Sendable, Hashable, CaseIterable {
  case encodeImage = "encode_image"
  case constants
  case encodePrompts = "encode_prompts"
  case encodeMaskPrompt = "encode_mask_prompt"
  case prepareDecoder = "prepare_decoder"
  case decodeMasks = "decode_masks"
  case projectPointer = "project_pointer"
  case pointerPositions = "pointer_positions"
  case attendMemory = "attend_memory"
  case upscaleMasks = "upscale_masks"
  case encodeMemory = "encode_memory"
  case maskAsOutput = "mask_as_output"

  /// The first use of a model that needs the graph.
  var use: ModelParts.Use {
    switch self {
    case .encodeImage: .encoding
    case .constants, .encodePrompts, .prepareDecoder, .decodeMasks: .prompting
    case .encodeMaskPrompt: .maskPrompting
    case .projectPointer, .pointerPositions, .attendMemory, .upscaleMasks, .encodeMemory,
      .maskAsOutput:
      .tracking
    }
  }
}
