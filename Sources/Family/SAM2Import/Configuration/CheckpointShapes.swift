import Bytes
import ModelInterface
import SAM2Config
import Tensors

/// Names and shapes of a checkpoint's tensors.
struct CheckpointShapes {
  let names: [String]
  let shapes: [String: [Int]]

  init(_ tensors: any TensorCollection) {
    names = tensors.names
    var shapes: [String: [Int]] = [:]
    for name in tensors.names {
      shapes[name] = tensors.description(of: name)?.shape.dimensions
    }
    self.shapes = shapes
  }

  /// The parts of a SAM 2 that the checkpoint holds tensors of: at least those for prompts.
  var parts: ModelParts {
    let counting = names.lazy.filter { !OfficialTensors.isUnused($0) }
    return ModelParts(needing: [.prompting] + counting.map(OfficialTensors.use))
  }

  // MARK: - Comparison

  /// The differences between a checkpoint and the tensors expected in it.
  struct Differences {
    var missing: [String] = []
    var unexpected: [String] = []
    var misshapen: [String] = []

    var isEmpty: Bool { missing.isEmpty && unexpected.isEmpty && misshapen.isEmpty }
  }

  func differences(from expected: OfficialTensors) -> Differences {
    Differences(
      missing: expected.names.filter { shapes[$0] == nil },
      unexpected: names.filter { expected.shapes[$0] == nil },
      misshapen: expected.names.filter { shapes[$0] != nil && shapes[$0] != expected.shapes[$0] })
  }

  func matches(_ configuration: ModelConfiguration) -> Bool {
    shapes == OfficialTensors(configuration, parts).shapes
  }

  /// How many tensors have an expected name and the shape that belongs to it.
  func agreement(with expected: OfficialTensors) -> Int {
    names.count { shapes[$0] == expected.shapes[$0] }
  }

  // MARK: - Reading

  /// Size of one axis of a tensor with the given rank.
  func size(_ name: String, axis: Int, rank: Int) -> Int? {
    guard let shape = shapes[name], shape.count == rank else { return nil }
    return shape[axis]
  }

  /// How many consecutive indices from 0 give the name of an existing tensor.
  func count(_ name: (Int) -> String) -> Int {
    var index = 0
    while shapes[name(index)] != nil { index += 1 }
    return index
  }
}
