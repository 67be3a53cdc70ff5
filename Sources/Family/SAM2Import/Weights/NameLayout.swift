import SAM2Config

/// The programs whose names are used to publish the tensors of a SAM 2.
public enum NameLayout: Sendable, CaseIterable {
  case official
  case huggingFace
  case sam3Cpp
  case paz
  case zeroModels

  /// The name that people use.
  public var name: String {
    switch self {
    case .official: "official names"
    case .huggingFace: "Hugging Face transformers"
    case .sam3Cpp: "sam3.cpp"
    case .paz: "Keras, oarriaga/paz"
    case .zeroModels: "Keras, zeromodels"
    }
  }

  /// Tensors that identify the layout, for each kind of trunk: every such checkpoint has one of
  /// them, and no other checkpoint has any; empty where layers are recognised instead of names.
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
  /// The official name of a tensor found in every trunk of this kind.
  fileprivate var sign: String {
    switch self {
    case .hiera, .vit: "image_encoder.trunk.patch_embed.proj.weight"
    case .repvit: "image_encoder.trunk.body.stem.conv1.c.weight"
    }
  }
}
