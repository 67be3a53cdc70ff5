import SAM2Config

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

  /// Tensors of which every such checkpoint has one, and no other has any: those of each kind
  /// of trunk; empty where layers are recognised instead of names.
  var signs: [String] {
    switch self {
    case .official: Set(ModelConfiguration.Trunk.Kind.allCases.map(\.sign)).sorted()
    case .huggingFace: HuggingFaceNames.signs
    case .sam3Cpp: [SAM3CppNames.sign]
    case .paz, .zeroModels: []
    }
  }
}

extension ModelConfiguration.Trunk.Kind {
  /// The official name of a tensor that every trunk of this kind has.
  fileprivate var sign: String {
    switch self {
    case .hiera, .vit: "image_encoder.trunk.patch_embed.proj.weight"
    case .repvit: "image_encoder.trunk.body.stem.conv1.c.weight"
    }
  }
}
