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

  /// The smallest part of a model that includes the graph.
  var part: ModelParts {
    switch self {
    case .encodeImage: .encoderOnly
    case .constants, .encodePrompts, .encodeMaskPrompt, .prepareDecoder, .decodeMasks: .imageOnly
    case .projectPointer, .pointerPositions, .attendMemory, .upscaleMasks, .encodeMemory,
      .maskAsOutput:
      .all
    }
  }
}
