import Bytes
import DetectorConfig
import Graph

/// Texts to queries: a transformer in which each token sees itself and those before it; the query
/// is its result for the end token of a text.
enum TextGraph {
  static func graph(_ c: DetectorConfiguration) throws(Failure) -> Graph {
    var writer = TowerWriter(.encodeText, c)
    let path = "\(writer.root).text_model"
    let inputs = writer.inputs(.encodeText)
    let table = try writer.weight("\(path).embeddings.token_embedding.weight")
    let positions = try writer.weight("\(path).embeddings.position_embedding.weight")
    let embedded = try writer.add(.gather, table, inputs[0], label: "\(path).embeddings")
    var x = try writer.add(.add, embedded, positions, label: "\(path).embeddings")
    let masks = CausalMask(&writer)
    x = try writer.layers(of: x, path, c.text) {
      (writer, query, key, value, label) throws(Failure) in
      try masks.attention(query, key, value, label, &writer)
    }
    x = try writer.norm(x, "\(path).final_layer_norm", c.text.normEpsilon)
    // The rows of all texts, concatenated; one is picked per text.
    let rows = try writer.add(
      .reshape([DetectorInterface.texts * c.tokenCount, Dim(constant: c.text.width)]), x,
      label: path)
    let pooled = try writer.add(.gather, rows, inputs[1], label: path)
    writer.output(
      "queries", try writer.linear(pooled, "\(writer.root).text_projection", hasBias: false))
    return writer.graph
  }
}

/// Attention in which token i sees tokens 0 to i.
///
/// There is no operator for this, and texts of a few tokens need none: each head of query i gets
/// row i of a mask (0 where it may look, else -10,000) as extra channels, and each head of key j
/// gets row j of the identity, so that their product is q k^T + mask[i, j].
private struct CausalMask {
  private let mask: ValueID
  private let identity: ValueID

  init(_ writer: inout TowerWriter) {
    let count = writer.configuration.tokenCount
    mask = writer.derived(DetectorTensors.causalMask, [count, count])
    identity = writer.derived(DetectorTensors.identity, [count, count])
  }

  func attention(
    _ query: ValueID, _ key: ValueID, _ value: ValueID, _ label: String,
    _ writer: inout TowerWriter
  ) throws(Failure) -> ValueID {
    let tower = writer.configuration.text
    let scale = 1 / Float(tower.width / tower.heads).squareRoot()
    let operands = [
      try widened(query, by: mask, label, &writer), try widened(key, by: identity, label, &writer),
    ]
    return try writer.add(
      .attention(heads: tower.heads, scale: scale), operands[0], operands[1], value, label: label)
  }

  /// x [texts, tokens, heads * D] with a row of `table` [tokens, tokens] appended to each head.
  private func widened(
    _ x: ValueID, by table: ValueID, _ label: String, _ writer: inout TowerWriter
  ) throws(Failure) -> ValueID {
    let (c, tower) = (writer.configuration, writer.configuration.text)
    let tokens = Dim(constant: c.tokenCount)
    let heads = Dim(constant: tower.heads)
    let depth = tower.width / tower.heads
    let split = try writer.add(
      .reshape([DetectorInterface.texts, tokens, heads, Dim(constant: depth)]), x, label: label)
    let row = try writer.add(.reshape([1, tokens, 1, tokens]), table, label: label)
    let rows = try writer.add(
      .broadcast([DetectorInterface.texts, tokens, heads, tokens]), row, label: label)
    let both = try writer.add(.concat(axis: 3), split, rows, label: label)
    let channels = Dim(constant: tower.heads * (depth + c.tokenCount))
    return try writer.add(
      .reshape([DetectorInterface.texts, tokens, channels]), both, label: label)
  }
}
