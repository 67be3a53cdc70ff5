import Bytes
import Graph
import SAM2Config
import Testing

@testable import SAM2Import

/// Every graph of every variant verifies, binds, and has the operands and results of the contract.
struct GraphsTests {
  /// The published ones, and some of them at other image sizes: with maps that do not fill windows,
  /// and at the smallest size.
  static let variants =
    KnownVariants.all + KnownVariants.alternatives
    + [("sam2.1_hiera_tiny", 512), ("sam2.1_hiera_large", 256), ("edgetam", 512), ("nano", 32)]
    .map { name, side in
      var resized = variant(name)
      resized.imageSize = side
      return resized
    }

  private static let objects = 2
  private static let points = 3
  private static let pointers = 5

  /// Expected shapes of a graph's inputs and outputs for `objects` objects.
  private struct Contract {
    var inputs: [String: [Int]]
    var outputs: [String: [Int]]
  }

  private static func prepared(_ f: Int, _ cells: Int, _ w: Int) -> [String: [Int]] {
    [
      "image": [f, cells, w], "image_keys": [f, cells, w / 2], "image_values": [f, cells, w / 2],
      "image_queries": [f, cells, w / 2],
    ]
  }

  private static func contracts(
    _ c: ModelConfiguration, objects b: Int, features f: Int
  ) -> [String: Contract] {
    let (s, h, w) = (c.imageSize, c.imageSize / 16, c.dModel)
    let (m, cells, tokens) = (c.memory.dim, h * h, c.memoryTokens.count)
    let highRes =
      c.decoder.useHighResFeaturesInSam
      ? ["high_res_0": [1, 4 * h, 4 * h, w / 8], "high_res_1": [1, 2 * h, 2 * h, w / 4]] : [:]
    let map = [1, h, h, w]
    var contracts = [
      "encode_image": Contract(
        inputs: ["image": [1, s, s, 3]],
        outputs: highRes.merging(["features": map, "image_embedding": map]) { a, _ in a }),
      "constants": Contract(
        inputs: [:],
        outputs: ["no_mask_dense": map, "memory_positions": [c.memory.bank.numMaskmem, tokens, m]]),
      "encode_prompts": Contract(
        inputs: ["points": [b, points, 2], "label_indices": [b, points]],
        outputs: ["sparse": [b, points, w]]),
      "encode_mask_prompt": Contract(
        inputs: ["mask": [b, 4 * h, 4 * h, 1]], outputs: ["dense": [b, h, h, w]]),
      "prepare_decoder": Contract(
        inputs: ["features": [f, h, h, w], "dense": [1, h, h, w]],
        outputs: prepared(f, cells, w)),
      "decode_masks": Contract(
        inputs: highRes.merging(prepared(f, cells, w)) { a, _ in a }
          .merging(["sparse": [b, points, w]]) { a, _ in a },
        outputs: [
          "masks": [b, 4, 4 * h, 4 * h], "ious": [b, 4], "tokens": [b, 4, w],
          "object_scores": [b, 1],
        ].merging(c.decoder.hasHQToken ? ["refinement": [b, 4 * h, 4 * h]] : [:]) { a, _ in a }),
      "project_pointer": Contract(
        inputs: ["token": [b, w], "present": [b, 1]], outputs: ["pointer": [b, w]]),
      "pointer_positions": Contract(
        inputs: ["times": [pointers, 1]], outputs: ["positions": [pointers, m]]),
      "attend_memory": Contract(
        inputs: [
          "features": [f, h, h, w], "memory": [b, 2 * tokens, m],
          "memory_position": [1, 2 * tokens, m], "pointers": [b, pointers, w],
          "pointer_positions": [pointers, m],
        ], outputs: ["features": [b, h, h, w]]),
      "upscale_masks": Contract(
        inputs: ["masks": [b, 4 * h, 4 * h, 1]], outputs: ["masks": [b, s, s, 1]]),
      "encode_memory": Contract(
        inputs: ["features": map, "masks": [b, s, s, 1], "absent": [b, 1]],
        outputs: ["memory": [b, tokens, m]]),
      "mask_as_output": Contract(
        inputs: ["mask": [b, s, s, 1]],
        outputs: ["mask_prompt": [b, 4 * h, 4 * h, 1], "low_res_logits": [b, 4 * h, 4 * h, 1]]),
    ]
    if c.memory.attention.pooling != .none {
      contracts["attend_pooled_memory"] = Contract(
        inputs: [
          "features": map, "memory": [3, tokens, m], "memory_position": [3, tokens, m],
          "pointers": [1, pointers, w], "pointer_positions": [pointers, m],
        ], outputs: ["features": map])
    }
    return contracts
  }

  @Test(arguments: variants)
  func graphsVerifyAndBind(configuration: ModelConfiguration) throws {
    let graphs = try ModelImporter.graphs(for: configuration)
    for (objects, features) in [(1, 1), (Self.objects, 1), (Self.objects, Self.objects)] {
      let contracts = Self.contracts(configuration, objects: objects, features: features)
      #expect(Set(graphs.map(\.name)) == Set(contracts.keys))
      for graph in graphs {
        try graph.verify()
        let contract = try #require(contracts[graph.name])
        #expect(Set(graph.inputs.map(\.name)) == Set(contract.inputs.keys))
        let bound = try graph.bound(to: try graph.bindings(inputShapes: contract.inputs))
        try bound.verify()
        let outputs = bound.outputs.map { output in
          (output.name, bound[output.value].type.shape.compactMap(\.fixed))
        }
        #expect(Dictionary(uniqueKeysWithValues: outputs) == contract.outputs, "\(graph.name)")
      }
    }
  }

  @Test(arguments: variants)
  func graphsUseEveryWeightButOneAndCounters(configuration: ModelConfiguration) throws {
    let used = try ModelImporter.graphs(for: configuration).flatMap(\.weightNames)
    let names = OfficialTensors(configuration).names
    #expect(Set(names).subtracting(used) == Set(names.filter(OfficialTensors.isUnused)))
    let counters = names.filter(OfficialTensors.isCounter)
    #expect(names.count { OfficialTensors.isUnused($0) } == counters.count + 1)
  }

  @Test
  func noNodeIsDead() throws {
    for graph in try ModelImporter.graphs(for: variant("sam2.1_hiera_tiny")) {
      var live = Set(graph.outputs.map(\.value))
      for node in graph.nodes.reversed() where live.contains(node.result) {
        live.formUnion(node.operands)
      }
      let dead = graph.nodes.filter { !live.contains($0.result) }
      #expect(dead.isEmpty, "\(graph.name): \(dead.map(\.label))")
    }
  }

  @Test
  func severalHeadsOfMemoryAttentionRotateAlike() throws {
    var configuration = variant("nano")
    configuration.memory.attention.heads = 4
    let graphs = try ModelImporter.graphs(for: configuration)
    let graph = try #require(graphs.first { $0.name == "attend_memory" })
    try graph.verify()
    #expect(graph.nodes.contains { $0.op == .concat(axis: 1) && $0.operands.count == 4 })
  }

  @Test
  func modelsWithoutObjectScoresAnswerTen() throws {
    var configuration = variant("nano")
    configuration.decoder.predObjScores = false
    configuration.pointers.fixedNoObjPtr = false
    let graphs = try ModelImporter.graphs(for: configuration)
    let graph = try #require(graphs.first { $0.name == "decode_masks" })
    try graph.verify()
    let scores = try #require(graph.outputs.first { $0.name == "object_scores" })
    let node = try #require(graph.nodes.first { $0.result == scores.value })
    #expect(node.op == .fill(10, [Dim(Symbol("objects")), 1]))
  }
}
