import SAM2Config

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
  case attendPooledMemory = "attend_pooled_memory"
  case upscaleMasks = "upscale_masks"
  case encodeMemory = "encode_memory"
  case maskAsOutput = "mask_as_output"

  /// The first use of a model that needs the graph.
  var use: ModelParts.Use {
    switch self {
    case .encodeImage: .encoding
    case .constants, .encodePrompts, .prepareDecoder, .decodeMasks: .prompting
    case .encodeMaskPrompt: .maskPrompting
    case .projectPointer, .pointerPositions, .attendMemory, .attendPooledMemory, .upscaleMasks,
      .encodeMemory, .maskAsOutput:
      .tracking
    }
  }

  /// Whether models of `configuration` have the graph, if they have the parts that need it.
  func exists(in configuration: ModelConfiguration) -> Bool {
    switch self {
    case .attendPooledMemory: configuration.memory.attention.pooling != .none
    case .encodeImage, .constants, .encodePrompts, .encodeMaskPrompt, .prepareDecoder,
      .decodeMasks, .projectPointer, .pointerPositions, .attendMemory, .upscaleMasks,
      .encodeMemory, .maskAsOutput:
      true
    }
  }
}
