/// The programs under whose names the tensors of a SAM 2 are published.
public enum NameLayout: Sendable, CaseIterable {
  case official
  case huggingFace
  case sam3Cpp
  case paz
  case zeroModels

  /// As people call it.
  public var name: String {
    switch self {
    case .official: "official names"
    case .huggingFace: "Hugging Face transformers"
    case .sam3Cpp: "sam3.cpp"
    case .paz: "Keras, oarriaga/paz"
    case .zeroModels: "Keras, zeromodels"
    }
  }

  /// A tensor that every such checkpoint has, and no other; nil where layers tell instead of names.
  var sign: String? {
    switch self {
    case .official: "image_encoder.trunk.patch_embed.proj.weight"
    case .huggingFace: HuggingFaceNames.sign
    case .sam3Cpp: SAM3CppNames.sign
    case .paz, .zeroModels: nil
    }
  }
}
