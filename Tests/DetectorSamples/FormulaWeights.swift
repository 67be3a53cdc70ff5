public import Bytes
public import DetectorConfig
import DetectorImport
public import Tensors

/// Numbers that follow from a name, as `Scripts/owl_models.py` makes them.
public enum Formula {
  /// `count` numbers in -1..<1.
  public static func uniform(_ name: String, _ count: Int) -> [Float] {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return (0..<count).map { index in
      var z = UInt64(index) &* 0x9E37_79B9_7F4A_7C15 &+ hash
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      z ^= z >> 31
      return Float(z >> 40) * 0x1p-23 - 1
    }
  }

  public static func tensor(_ name: String, _ shape: [Int]) -> Tensor {
    let values = uniform(name, shape.reduce(1, *))
    let scaled: [Float]
    if shape.count < 2 {
      let isNorm = name.contains("norm") && name.hasSuffix("weight")
      scaled = values.map { isNorm ? 1 + $0 * 0.25 : $0 * 0.125 }
    } else if name.contains("embedding"), !name.contains("patch") {
      scaled = values.map { $0 * 0.5 }
    } else {
      let root = Float(Double(shape.dropFirst().reduce(1, *)).squareRoot())
      scaled = values.map { $0 * 2 / root }
    }
    return Tensor(scaled, shape: Shape(shape))
  }
}

/// A checkpoint with weights that follow from a formula.
public struct FormulaCheckpoint: TensorCollection {
  public var tensors: [String: Tensor] = [:]
  public var names: [String] = []

  public init(_ configuration: DetectorConfiguration) {
    let known = DetectorTensors(configuration)
    names = known.names
    for name in names { tensors[name] = Formula.tensor(name, known.shapes[name] ?? []) }
  }

  public func description(of name: String) -> TensorDescription? {
    tensors[name].map { TensorDescription(dtype: $0.dtype, shape: $0.shape) }
  }

  public func tensor(_ name: String) throws(Failure) -> Tensor {
    guard let tensor = tensors[name] else {
      throw Failure(.badInput, code: "tensor.missing", "there is no \(name)")
    }
    return tensor
  }
}

extension DetectorConfiguration {
  /// The small detector of `Scripts/owl_models.py`.
  public static func tiny(_ kind: DetectorKind) -> DetectorConfiguration {
    var c = DetectorConfiguration()
    c.kind = kind
    c.imageSize = 96
    c.vocabularyCount = 554
    c.queryWidth = 48
    c.text = Tower(width: 48, layers: 2, heads: 3, feedforward: 80)
    c.vision = Tower(width: 64, layers: 2, heads: 4, feedforward: 112)
    return c
  }
}
