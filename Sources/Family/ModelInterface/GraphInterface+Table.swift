import Graph

extension ModelInterface {
  /// The result of graph `constants` that only tracking needs.
  static let memoryPositions = "memory_positions"
}

extension GraphInterface {
  /// The interface of graph `name`, in a model with `parts`.
  ///
  /// This is the only definition of a graph's operands and results. `Formats/model-file.md` has the
  /// same table with the meaning of each.
  init(_ name: GraphName, _ s: InterfaceSizes, _ parts: ModelParts) {
    switch name {
    case .encodeImage: self = .encodeImage(s)
    case .constants: self = .constants(s, parts)
    case .encodePrompts: self = .encodePrompts(s)
    case .encodeMaskPrompt: self = .encodeMaskPrompt(s)
    case .prepareDecoder: self = .prepareDecoder(s)
    case .decodeMasks: self = .decodeMasks(s)
    case .projectPointer: self = .projectPointer(s)
    case .pointerPositions: self = .pointerPositions(s)
    case .attendMemory: self = .attendMemory(s)
    case .attendPooledMemory: self = .attendPooledMemory(s)
    case .upscaleMasks: self = .upscaleMasks(s)
    case .encodeMemory: self = .encodeMemory(s)
    case .maskAsOutput: self = .maskAsOutput(s)
    }
  }

  private static let objects = Dim(Symbol("objects"))
  private static let images = Dim(Symbol("images"))
  private static let points = Dim(Symbol("points"))
  private static let pointers = Dim(Symbol("pointers"))

  // MARK: - Pictures and prompts

  private static func encodeImage(_ s: InterfaceSizes) -> Self {
    let map = TensorType.float(1, s.side, s.side, s.width)
    return Self(
      .encodeImage, inputs: [Value(name: "image", type: .float(1, s.input, s.input, 3))],
      outputs: [
        Value(name: "features", type: map), Value(name: "image_embedding", type: map),
      ] + finerMaps(s))
  }

  /// The two finer maps as the decoder reads them; none for a trunk with a single map.
  private static func finerMaps(_ s: InterfaceSizes) -> [Value] {
    guard s.hasFinerMaps else { return [] }
    return [
      Value(name: "high_res_0", type: .float(1, s.fineSide, s.fineSide, s.fineWidth)),
      Value(name: "high_res_1", type: .float(1, s.middleSide, s.middleSide, s.middleWidth)),
    ]
  }

  private static func constants(_ s: InterfaceSizes, _ parts: ModelParts) -> Self {
    let dense = TensorType.float(1, s.side, s.side, s.width)
    guard parts.allows(.tracking) else {
      return Self(.constants, inputs: [:], outputs: ["no_mask_dense": dense])
    }
    return Self(
      .constants, inputs: [:],
      outputs: [
        "no_mask_dense": dense,
        ModelInterface.memoryPositions: .float(s.memories, s.memoryTokens, s.memoryWidth),
      ])
  }

  private static func encodePrompts(_ s: InterfaceSizes) -> Self {
    Self(
      .encodePrompts,
      inputs: [
        "points": .float(objects, points, 2),
        "label_indices": TensorType(.int32, [objects, points]),
      ], outputs: ["sparse": .float(objects, points, s.width)])
  }

  private static func encodeMaskPrompt(_ s: InterfaceSizes) -> Self {
    Self(
      .encodeMaskPrompt, inputs: ["mask": .float(objects, s.maskSide, s.maskSide, 1)],
      outputs: ["dense": .float(objects, s.side, s.side, s.width)])
  }

  private static func prepareDecoder(_ s: InterfaceSizes) -> Self {
    let projection = TensorType.float(images, s.cells, s.halfWidth)
    return Self(
      .prepareDecoder,
      inputs: [
        "features": .float(images, s.side, s.side, s.width),
        "dense": .float(Dim(Symbol("dense")), s.side, s.side, s.width),
      ],
      outputs: [
        "image": .float(images, s.cells, s.width), "image_keys": projection,
        "image_values": projection, "image_queries": projection,
      ])
  }

  private static func decodeMasks(_ s: InterfaceSizes) -> Self {
    let projection = TensorType.float(images, s.cells, s.halfWidth)
    return Self(
      .decodeMasks,
      inputs: [
        Value(name: "image", type: .float(images, s.cells, s.width)),
        Value(name: "image_keys", type: projection),
        Value(name: "image_values", type: projection),
        Value(name: "image_queries", type: projection),
      ] + finerMaps(s) + [Value(name: "sparse", type: .float(objects, points, s.width))],
      outputs: [
        Value(name: "masks", type: .float(objects, 4, s.maskSide, s.maskSide)),
        Value(name: "ious", type: .float(objects, 4)),
        Value(name: "tokens", type: .float(objects, 4, s.width)),
        Value(name: "object_scores", type: .float(objects, 1)),
      ] + refinement(s))
  }

  private static func refinement(_ s: InterfaceSizes) -> [Value] {
    guard s.hasRefinement else { return [] }
    return [Value(name: "refinement", type: .float(objects, s.maskSide, s.maskSide))]
  }

  // MARK: - Pointers and memory

  private static func projectPointer(_ s: InterfaceSizes) -> Self {
    Self(
      .projectPointer,
      inputs: ["token": .float(objects, s.width), "present": .float(objects, 1)],
      outputs: ["pointer": .float(objects, s.width)])
  }

  private static func pointerPositions(_ s: InterfaceSizes) -> Self {
    Self(
      .pointerPositions, inputs: ["times": .float(pointers, 1)],
      outputs: ["positions": .float(pointers, s.memoryWidth)])
  }

  private static func attendMemory(_ s: InterfaceSizes) -> Self {
    let tokens = Dim(Symbol("memory"))
    return Self(
      .attendMemory,
      inputs: [
        "features": .float(images, s.side, s.side, s.width),
        "memory": .float(objects, tokens, s.memoryWidth),
        "memory_position": .float(1, tokens, s.memoryWidth),
        "pointers": .float(objects, pointers, s.width),
        "pointer_positions": .float(pointers, s.memoryWidth),
      ], outputs: ["features": .float(objects, s.side, s.side, s.width)])
  }

  /// Takes one object at a time: the cells of its memories are pooled by place.
  private static func attendPooledMemory(_ s: InterfaceSizes) -> Self {
    let memories = Dim(Symbol("memories"))
    return Self(
      .attendPooledMemory,
      inputs: [
        "features": .float(1, s.side, s.side, s.width),
        "memory": .float(memories, s.memoryTokens, s.memoryWidth),
        "memory_position": .float(memories, s.memoryTokens, s.memoryWidth),
        "pointers": .float(1, pointers, s.width),
        "pointer_positions": .float(pointers, s.memoryWidth),
      ], outputs: ["features": .float(1, s.side, s.side, s.width)])
  }

  private static func upscaleMasks(_ s: InterfaceSizes) -> Self {
    Self(
      .upscaleMasks, inputs: ["masks": .float(objects, s.maskSide, s.maskSide, 1)],
      outputs: ["masks": .float(objects, s.input, s.input, 1)])
  }

  private static func encodeMemory(_ s: InterfaceSizes) -> Self {
    Self(
      .encodeMemory,
      inputs: [
        "features": .float(1, s.side, s.side, s.width),
        "masks": .float(objects, s.input, s.input, 1), "absent": .float(objects, 1),
      ], outputs: ["memory": .float(objects, s.memoryTokens, s.memoryWidth)])
  }

  private static func maskAsOutput(_ s: InterfaceSizes) -> Self {
    let map = TensorType.float(objects, s.maskSide, s.maskSide, 1)
    return Self(
      .maskAsOutput, inputs: ["mask": .float(objects, s.input, s.input, 1)],
      outputs: ["mask_prompt": map, "low_res_logits": map])
  }
}
