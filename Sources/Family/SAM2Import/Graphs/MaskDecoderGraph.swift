import Bytes
import Graph
import SAM2Config

/// `prepare_decoder` and `decode_masks`: SAM's two-way transformer and its mask, quality and
/// presence heads, split where prompts enter.
///
/// `prepare_decoder`: features [I, h, w, C], dense [D, h, w, C] (D is 1 or I) -> image
/// [I, h * w, C] (their sum) and the first layer's projections of it: image_keys, image_values and
/// image_queries, each [I, h * w, C / 2]. Without a mask prompt, this runs once for all prompts of
/// a picture.
///
/// `decode_masks`: these four (I is 1 or B), high_res_0 [1, 4h, 4w, C / 8] and high_res_1
/// [1, 2h, 2w, C / 4] where the encoder has them, sparse [B, N, C] -> masks [B, 4, 4h, 4w] (logits
/// of all mask tokens: 0 is the single mask, 1...3 the alternatives), ious [B, 4], tokens
/// [B, 4, C], object_scores [B, 1] (logits; 10 when the model does not predict them), and for
/// HQ-SAM refinement [B, 4h, 4w] (logits to add to the chosen mask).
struct MaskDecoderGraph {
  static let path = "sam_mask_decoder"
  static let transformer = "sam_mask_decoder.transformer"
  static let objects = Dim(Symbol("objects"))
  static let images = Dim(Symbol("images"))

  var writer: LayerWriter
  let side: Dim
  let cells: Dim
  let width: Dim
  var configuration: ModelConfiguration { writer.configuration }

  init(_ name: String, _ configuration: ModelConfiguration, _ tensors: OfficialTensors) {
    writer = LayerWriter(name, configuration, tensors)
    side = Dim(constant: configuration.featureSide)
    cells = Dim(constant: configuration.featureSide * configuration.featureSide)
    width = Dim(constant: configuration.dModel)
  }

  /// `decode_masks`.
  static func graph(
    _ configuration: ModelConfiguration, _ tensors: OfficialTensors
  ) throws(Failure) -> Graph {
    var decoder = MaskDecoderGraph("decode_masks", configuration, tensors)
    try decoder.write()
    return decoder.writer.graph
  }

  private mutating func write() throws(Failure) {
    let image = try preparedImage()
    let levels = configuration.decoder.useHighResFeaturesInSam ? 2 : 0
    let highRes = try (0..<levels).map { level throws(Failure) in
      let size = side * (4 >> level)
      return writer.input(
        "high_res_\(level)", 1, size, size, Dim(constant: configuration.dModel / (8 >> level)))
    }
    let sparse = writer.input("sparse", Self.objects, Dim(Symbol("points")), width)

    let tokens = try self.tokens(with: sparse)
    let (hidden, map) = try transform(tokens: tokens, image: image)

    let first = configuration.decoder.predObjScores ? 1 : 0
    let masks = try writer.slice(hidden, axis: 1, start: first + 1, count: 4, label: Self.path)
    let upscaled = try upscale(map, highRes)
    writer.output("masks", try self.masks(of: masks, upscaled))
    writer.output("ious", try ious(of: hidden, at: first))
    writer.output("tokens", masks)
    writer.output("object_scores", try objectScores(of: hidden))
    guard configuration.decoder.hasHQToken else { return }
    let token = try writer.slice(
      hidden, axis: 1, start: first + 5, count: 1, label: "\(Self.path).hf_token")
    writer.output("refinement", try refinement(of: token, upscaled))
  }

  // MARK: - Transformer's operands

  /// Presence, quality, mask and HQ tokens, then the prompts: [B, 6 + N, C], or one token more.
  private mutating func tokens(with sparse: ValueID) throws(Failure) -> ValueID {
    var names = ["iou_token", "mask_tokens"]
    if configuration.decoder.predObjScores { names.insert("obj_score_token", at: 0) }
    if configuration.decoder.hasHQToken { names.append("hf_token") }
    var parts: [ValueID] = []
    for name in names { parts.append(try writer.weight("\(Self.path).\(name).weight")) }
    let label = "\(Self.path).tokens"
    var own = try writer.concat(parts, axis: 0, label: label)
    let count = writer.shape(of: own)[0]
    own = try writer.reshape(own, 1, count, width, label: label)
    own = try writer.broadcast(own, Self.objects, count, width, label: label)
    return try writer.concat([own, sparse], axis: 1, label: label)
  }

  /// The Fourier code of the feature map's cells, [1, h * w, C].
  mutating func imagePositions() throws(Failure) -> ValueID {
    let label = "sam_prompt_encoder.pe_layer"
    let size = configuration.featureSide
    let grid = try writer.add(.pixelGrid(height: size, width: size), label: label)
    let matrix = try writer.weight("\(label).positional_encoding_gaussian_matrix")
    let code = try writer.add(.fourierFeatures, grid, matrix, label: label)
    return try writer.reshape(code, 1, cells, width, label: label)
  }

  // MARK: - Transformer

  private mutating func transform(
    tokens: ValueID, image: PreparedImage
  ) throws(Failure) -> (tokens: ValueID, image: ValueID) {
    let positions = try imagePositions()
    var (queries, keys) = (tokens, image.cells)
    for index in 0..<configuration.decoder.depth {
      let projections =
        index == 0 ? image.projections : try project(keys, positions, Self.layerPath(index))
      (queries, keys) = try layer(
        queries, keys, projections, codes: tokens, isFirst: index == 0, Self.layerPath(index))
    }
    let path = "\(Self.transformer).final_attn_token_to_image"
    let q = try writer.sum(queries, tokens, label: path)
    let k = try writer.sum(keys, positions, label: path)
    let attended = try attention(
      q, keys: try writer.linear(k, "\(path).k_proj"),
      values: try writer.linear(keys, "\(path).v_proj"), path)
    queries = try writer.sum(queries, attended, label: path)
    queries = try writer.norm(queries, "\(Self.transformer).norm_final_attn", epsilon: 1e-5)
    return (queries, keys)
  }

  /// Tokens attend to themselves and to the image, pass a perceptron, and the image attends back.
  ///
  /// Kirillov et al., Segment Anything, arXiv 2304.02643. The first layer's self-attention has no
  /// codes, because queries and codes are the same there.
  private mutating func layer(
    _ tokens: ValueID, _ image: ValueID, _ projections: ImageProjections, codes: ValueID,
    isFirst: Bool, _ path: String
  ) throws(Failure) -> (tokens: ValueID, image: ValueID) {
    let own = isFirst ? tokens : try writer.sum(tokens, codes, label: path)
    var x = try attentionAmongTokens(own, tokens, "\(path).self_attn")
    if !isFirst { x = try writer.sum(tokens, x, label: path) }
    x = try writer.norm(x, "\(path).norm1", epsilon: 1e-5)

    var codedTokens = try writer.sum(x, codes, label: path)
    var y = try attention(
      codedTokens, keys: projections.keys, values: projections.values,
      "\(path).cross_attn_token_to_image")
    x = try writer.sum(x, y, label: path)
    x = try writer.norm(x, "\(path).norm2", epsilon: 1e-5)

    y = try writer.perceptron(x, "\(path).mlp", layers: 2, .relu)
    x = try writer.sum(x, y, label: path)
    x = try writer.norm(x, "\(path).norm3", epsilon: 1e-5)

    codedTokens = try writer.sum(x, codes, label: path)
    let back = "\(path).cross_attn_image_to_token"
    y = try writer.attention(
      projections.queries, try writer.linear(codedTokens, "\(back).k_proj"),
      try writer.linear(x, "\(back).v_proj"), heads: configuration.decoder.heads, label: back)
    y = try writer.linear(y, "\(back).out_proj")
    y = try writer.sum(image, y, label: path)
    return (x, try writer.norm(y, "\(path).norm4", epsilon: 1e-5))
  }

  private mutating func attentionAmongTokens(
    _ own: ValueID, _ values: ValueID, _ path: String
  ) throws(Failure) -> ValueID {
    try attention(
      own, keys: try writer.linear(own, "\(path).k_proj"),
      values: try writer.linear(values, "\(path).v_proj"), path)
  }

  /// Attention of queries projected here to keys and values that are already projected.
  private mutating func attention(
    _ queries: ValueID, keys: ValueID, values: ValueID, _ path: String
  ) throws(Failure) -> ValueID {
    let q = try writer.linear(queries, "\(path).q_proj")
    let y = try writer.attention(
      q, keys, values, heads: configuration.decoder.heads, label: path)
    return try writer.linear(y, "\(path).out_proj")
  }

  // MARK: - Heads

  /// The map [B, 4h, 4w, C / 8] that is multiplied to give masks.
  private mutating func upscale(
    _ map: ValueID, _ highRes: [ValueID]
  ) throws(Failure) -> ValueID {
    let path = "\(Self.path).output_upscaling"
    var x = try writer.reshape(map, Self.objects, side, side, width, label: path)
    x = try writer.transposedConvolution(x, "\(path).0")
    if !highRes.isEmpty { x = try writer.sum(x, highRes[1], label: path) }
    x = try writer.norm(x, "\(path).1", epsilon: 1e-6)
    x = try writer.activation(.gelu, x, label: "\(path).2")
    x = try writer.transposedConvolution(x, "\(path).3")
    if !highRes.isEmpty { x = try writer.sum(x, highRes[0], label: path) }
    return try writer.activation(.gelu, x, label: "\(path).4")
  }

  /// Each mask is the product of its token's hypernetwork output and the upscaled map.
  private mutating func masks(of tokens: ValueID, _ map: ValueID) throws(Failure) -> ValueID {
    let cells = try cellRows(of: map, label: "\(Self.path).output_upscaling")
    var rows: [ValueID] = []
    for index in 0..<4 {
      let head = "\(Self.path).output_hypernetworks_mlps.\(index)"
      let token = try writer.slice(tokens, axis: 1, start: index, count: 1, label: head)
      rows.append(try writer.perceptron(token, head, layers: 3, .relu))
    }
    let label = "\(Self.path).masks"
    let filters = try writer.concat(rows, axis: 1, label: label)
    let masks = try writer.add(.matmulTransposed, filters, cells, label: label)
    return try writer.reshape(masks, Self.objects, 4, side * 4, side * 4, label: label)
  }

  /// The mask of the HQ token [B, 1, C], from features of its own: [B, 4h, 4w].
  ///
  /// Ke et al., Segment Anything in High Quality, arXiv 2306.01567, as in its code for SAM 2.1.
  private mutating func refinement(
    of token: ValueID, _ map: ValueID
  ) throws(Failure) -> ValueID {
    let path = "\(Self.path).embedding_maskfeature"
    var x = try writer.convolution(map, "\(path).0", stride: 1, padding: 1)
    x = try writer.norm(x, "\(path).1", epsilon: 1e-6)
    x = try writer.activation(.gelu, x, label: "\(path).2")
    x = try writer.convolution(x, "\(path).3", stride: 1, padding: 1)
    let filter = try writer.perceptron(token, "\(Self.path).hf_mlp", layers: 3, .relu)
    let label = "\(Self.path).refinement"
    let cells = try cellRows(of: x, label: path)
    let mask = try writer.add(.matmulTransposed, filter, cells, label: label)
    return try writer.reshape(mask, Self.objects, side * 4, side * 4, label: label)
  }

  /// The cells of an upscaled map in sequence: [B, 16 * h * w, C / 8].
  private mutating func cellRows(of map: ValueID, label: String) throws(Failure) -> ValueID {
    let channels = Dim(constant: configuration.dModel / 8)
    return try writer.reshape(map, Self.objects, cells * 16, channels, label: label)
  }

  private mutating func ious(of hidden: ValueID, at index: Int) throws(Failure) -> ValueID {
    let path = "\(Self.path).iou_prediction_head"
    let token = try writer.slice(hidden, axis: 1, start: index, count: 1, label: path)
    var x = try writer.perceptron(token, path, layers: 3, .relu)
    if configuration.decoder.iouPredictionUseSigmoid {
      x = try writer.activation(.sigmoid, x, label: path)
    }
    return try writer.reshape(x, Self.objects, 4, label: path)
  }

  private mutating func objectScores(of hidden: ValueID) throws(Failure) -> ValueID {
    let path = "\(Self.path).pred_obj_score_head"
    guard configuration.decoder.predObjScores else {
      return try writer.add(.fill(10, [Self.objects, 1]), label: path)
    }
    let token = try writer.slice(hidden, axis: 1, start: 0, count: 1, label: path)
    let score =
      configuration.decoder.predObjScoresMlp
      ? try writer.perceptron(token, path, layers: 3, .relu) : try writer.linear(token, path)
    return try writer.reshape(score, Self.objects, 1, label: path)
  }
}
