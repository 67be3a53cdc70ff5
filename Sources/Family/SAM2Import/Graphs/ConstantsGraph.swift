import Bytes
import Graph
import ModelInterface
import SAM2Config

/// `constants`: the values that predictors need and that do not depend on the input.
///
/// -> no_mask_dense [1, h, w, C] (the dense prompt when there is no mask), memory_positions
/// [num_maskmem, T, Cm] with T tokens per memory: the sine code of a memory plus temporal code r in
/// row r, in a model that tracks. The reference uses row num_maskmem - 1 for conditioning frames
/// and row t - 1 for the memory of t frames ago.
enum ConstantsGraph {
  static func graph(
    _ c: ModelConfiguration, _ tensors: OfficialTensors, _ parts: ModelParts
  ) throws(Failure) -> Graph {
    var writer = LayerWriter("constants", c, tensors)
    let side = Dim(constant: c.featureSide)
    let width = Dim(constant: c.dModel)
    let noMask = try writer.weight("sam_prompt_encoder.no_mask_embed.weight")
    let label = "sam_prompt_encoder.no_mask_embed"
    let cell = try writer.reshape(noMask, 1, 1, 1, width, label: label)
    writer.output(
      "no_mask_dense", try writer.broadcast(cell, 1, side, side, width, label: label))
    guard parts.allows(.tracking) else { return writer.graph }

    let (rows, channels) = (Dim(constant: c.memory.bank.numMaskmem), Dim(constant: c.memory.dim))
    let tokens = Dim(constant: c.memoryTokens.count)
    let sine = try writer.memoryTokenPositions()
    let times = try writer.reshape(
      try writer.weight("maskmem_tpos_enc"), rows, 1, channels, label: "maskmem_tpos_enc")
    let spread = try writer.broadcast(sine, rows, tokens, channels, label: "maskmem_tpos_enc")
    writer.output("memory_positions", try writer.sum(spread, times, label: "maskmem_tpos_enc"))
    return writer.graph
  }
}

extension LayerWriter {
  /// The position code of each token of a memory, [1, T, Cm]: zeros for those without a place.
  fileprivate mutating func memoryTokenPositions() throws(Failure) -> ValueID {
    let tokens = configuration.memoryTokens
    let placed = try sinePositions(side: tokens.gridSide, channels: configuration.memory.dim)
    guard !tokens.areAllRotated else { return placed }
    let rest = Dim(constant: tokens.count - tokens.rotatedCount)
    let zeros = try add(
      .fill(0, [1, rest, Dim(constant: configuration.memory.dim)]), label: "position_encoding")
    return try concat([placed, zeros], axis: 1, label: "position_encoding")
  }

  /// DETR's 2-D sine code of a square grid's cells, [1, side * side, channels].
  mutating func sinePositions(side: Int, channels: Int) throws(Failure) -> ValueID {
    let grid = try add(
      .sineGrid(height: side, width: side, channels: channels, temperature: 10_000),
      label: "position_encoding")
    return try reshape(
      grid, 1, Dim(constant: side * side), Dim(constant: channels), label: "position_encoding")
  }
}
