import Bytes
import ModelInterface
import SAM2Config
import Synchronization
import Tensors

@testable import SAM2

/// Graphs that compute next to nothing and remember how they were called.
///
/// The first element of a picture runs through everything: features, memories and pointers of
/// frame n hold what frame n's first pixel becomes.
final class FakeGraphs: GraphRunning {
  struct Call: Sendable {
    let graph: String
    let inputs: [String: Tensor]

    /// First element of input `name`.
    func first(_ name: String) -> Float { inputs[name]?.floats().first ?? .nan }
  }

  private let log = Guarded<[Call]>([])
  /// Logit of the object being there.
  let objectScore: Float
  let configuration: ModelConfiguration

  init(objectScore: Float = 3, configuration: ModelConfiguration = .small) {
    self.objectScore = objectScore
    self.configuration = configuration
  }

  func calls(_ graph: String) -> [Call] { log.withLock { $0.filter { $0.graph == graph } } }

  func entry(_ interface: GraphInterface) throws(Failure) -> GraphEntry {
    GraphEntry(interface) { (operands) throws(Failure) in
      var inputs: [String: Tensor] = [:]
      for (input, operand) in zip(interface.inputs, operands) { inputs[input.name] = operand }
      let results = try self.run(interface.name.rawValue, inputs)
      return interface.outputs.compactMap { results[$0.name] }
    }
  }

  private func run(
    _ graph: String, _ inputs: [String: Tensor]
  ) throws(Failure) -> [String: Tensor] {
    log.withLock { $0.append(Call(graph: graph, inputs: inputs)) }
    let c = configuration
    let (side, maskSide, width) = (c.featureSide, c.maskSide, c.dModel)
    func first(_ name: String) -> Float { inputs[name]?.floats().first ?? .nan }
    func count(_ name: String) -> Int { inputs[name]?.shape[0] ?? 0 }
    switch graph {
    case "constants":
      let rows = (0..<c.memory.bank.numMaskmem).flatMap {
        [Float](repeating: Float($0), count: side * side * c.memory.dim)
      }
      return [
        "no_mask_dense": filled(0, [1, side, side, width]),
        "memory_positions": Tensor(
          rows, shape: Shape([c.memory.bank.numMaskmem, side * side, c.memory.dim])),
      ]
    case "encode_image":
      let features = filled(first("image"), [1, side, side, width])
      return [
        "features": features, "image_embedding": features,
        "high_res_0": filled(0, [1, 4 * side, 4 * side, width / 8]),
        "high_res_1": filled(0, [1, 2 * side, 2 * side, width / 4]),
      ]
    case "encode_prompts":
      return ["sparse": filled(0, [count("points"), inputs["points"]?.shape[1] ?? 0, width])]
    case "encode_mask_prompt": return ["dense": filled(0, [count("mask"), side, side, width])]
    case "prepare_decoder":
      let half = filled(0, [count("features"), side * side, width / 2])
      return [
        "image": filled(first("features"), [count("features"), side * side, width]),
        "image_keys": half, "image_values": half, "image_queries": half,
      ]
    case "decode_masks": return decoded(count("sparse"), tag: first("image"))
    case "project_pointer": return ["pointer": filled(first("token"), [count("token"), width])]
    case "pointer_positions":
      return ["positions": filled(0, [count("times"), c.memory.dim])]
    case "attend_memory":
      return ["features": filled(first("features"), [count("memory"), side, side, width])]
    case "upscale_masks":
      return ["masks": filled(first("masks"), [count("masks"), c.imageSize, c.imageSize, 1])]
    case "encode_memory":
      return ["memory": filled(first("features"), [count("masks"), side * side, c.memory.dim])]
    case "mask_as_output":
      let shape = [1, maskSide, maskSide, 1]
      return [
        "mask_prompt": filled(first("mask"), shape),
        "low_res_logits": filled(20 * first("mask") - 10, shape),
      ]
    default: throw Failure(.internalError, code: "fake.graph", "no fake of \(graph)")
    }
  }

  /// Mask m holds the logit 50 + m everywhere, and candidate 2 has the highest predicted IoU.
  private func decoded(_ count: Int, tag: Float) -> [String: Tensor] {
    let side = configuration.maskSide
    let masks = (0..<4).flatMap { [Float](repeating: 50 + Float($0), count: side * side) }
    let refinement = [Float](repeating: -100, count: count * side * side)
    return [
      "refinement": Tensor(refinement, shape: Shape([count, side, side])),
      "masks": Tensor(
        (0..<count).flatMap { _ in masks }, shape: Shape([count, 4, side, side])),
      "ious": Tensor(
        (0..<count).flatMap { _ in [0.5, 0.1, 0.9, 0.2] as [Float] },
        shape: Shape([count, 4])),
      "tokens": filled(tag, [count, 4, configuration.dModel]),
      "object_scores": filled(objectScore, [count, 1]),
    ]
  }

  private func filled(_ value: Float, _ shape: [Int]) -> Tensor {
    Tensor([Float](repeating: value, count: shape.reduce(1, *)), shape: Shape(shape))
  }
}

extension SegmentationModel {
  /// A model of `graphs`, which have the interface of `configuration`.
  convenience init(
    _ graphs: any GraphRunning, configuration: ModelConfiguration
  ) throws(Failure) {
    try configuration.validate()
    try self.init(
      graphs, ModelInterface(configuration), program: nil, configuration: configuration,
      pool: StoragePool())
  }
}

extension ModelConfiguration {
  /// The smallest input that Hiera takes; nothing but sizes differs from SAM 2.1.
  static var small: ModelConfiguration {
    var c = ModelConfiguration()
    c.imageSize = 32
    var hiera = Hiera()
    hiera.windowSpec = [8, 4, 2, 1]
    c.trunk = .hiera(hiera)
    c.dModel = 64
    c.memory.dim = 32
    c.pixelMean = [0, 0, 0]
    c.pixelStd = [1, 1, 1]
    return c
  }
}

extension TrackingPolicies {
  /// Those of the reference.
  static let plain = TrackingPolicies(masks: .predictedIoU, memories: .mostRecent)
}
