package import DetectorConfig

/// Names and shapes of the tensors that `transformers` saves for a detector, in its order.
package struct DetectorTensors {
  package private(set) var names: [String] = []
  package private(set) var shapes: [String: [Int]] = [:]
  /// Prefix of both towers' names.
  let root: String

  /// Names of weights that are not in a checkpoint but follow from the configuration.
  static let causalMask = "derived.causal_mask"
  static let identity = "derived.identity"
  /// Bytes of the tokenizer's merges.
  static let merges = "tokenizer.merges"

  package init(_ c: DetectorConfiguration) {
    root = c.kind.rawValue
    add("\(root).logit_scale", [])
    addText(c)
    addVision(c)
    add("\(root).visual_projection.weight", [c.queryWidth, c.vision.width])
    add("\(root).text_projection.weight", [c.queryWidth, c.text.width])
    linear("class_head.dense0", c.vision.width, c.queryWidth)
    linear("class_head.logit_shift", c.vision.width, 1)
    linear("class_head.logit_scale", c.vision.width, 1)
    head("box_head", c.vision.width, outputs: 4)
    if c.kind.hasObjectness { head("objectness_head", c.vision.width, outputs: 1) }
    norm("layer_norm", c.vision.width)
  }

  private mutating func addText(_ c: DetectorConfiguration) {
    let path = "\(root).text_model"
    add("\(path).embeddings.token_embedding.weight", [c.vocabularyCount, c.text.width])
    add("\(path).embeddings.position_embedding.weight", [c.tokenCount, c.text.width])
    tower(path, c.text)
    norm("\(path).final_layer_norm", c.text.width)
  }

  private mutating func addVision(_ c: DetectorConfiguration) {
    let path = "\(root).vision_model"
    add("\(path).embeddings.class_embedding", [c.vision.width])
    add(
      "\(path).embeddings.patch_embedding.weight", [c.vision.width, 3, c.patchSize, c.patchSize])
    add("\(path).embeddings.position_embedding.weight", [c.boxCount + 1, c.vision.width])
    norm("\(path).pre_layernorm", c.vision.width)
    tower(path, c.vision)
    norm("\(path).post_layernorm", c.vision.width)
  }

  // MARK: - Layers

  private mutating func tower(_ path: String, _ tower: DetectorConfiguration.Tower) {
    for index in 0..<tower.layers {
      let layer = "\(path).encoder.layers.\(index)"
      for projection in ["k_proj", "v_proj", "q_proj", "out_proj"] {
        linear("\(layer).self_attn.\(projection)", tower.width, tower.width)
      }
      norm("\(layer).layer_norm1", tower.width)
      linear("\(layer).mlp.fc1", tower.width, tower.feedforward)
      linear("\(layer).mlp.fc2", tower.feedforward, tower.width)
      norm("\(layer).layer_norm2", tower.width)
    }
  }

  private mutating func head(_ path: String, _ width: Int, outputs: Int) {
    linear("\(path).dense0", width, width)
    linear("\(path).dense1", width, width)
    linear("\(path).dense2", width, outputs)
  }

  private mutating func linear(_ path: String, _ inputs: Int, _ outputs: Int) {
    add("\(path).weight", [outputs, inputs])
    add("\(path).bias", [outputs])
  }

  private mutating func norm(_ path: String, _ width: Int) {
    add("\(path).weight", [width])
    add("\(path).bias", [width])
  }

  private mutating func add(_ name: String, _ shape: [Int]) {
    names.append(name)
    shapes[name] = shape
  }
}
