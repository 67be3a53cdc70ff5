import Bytes
import Glibc
import SAM2Config
import Tensors

@testable import SAM2Import

/// A checkpoint whose elements follow from the names of its tensors: `weight` of
/// `Scripts/make_edgetam_fixtures.py`, bit by bit.
struct FormulaCheckpoint: TensorCollection {
  let names: [String]
  private let shapes: [String: [Int]]

  init(_ configuration: ModelConfiguration) {
    let official = OfficialTensors(configuration)
    (names, shapes) = (official.names, official.shapes)
  }

  func description(of name: String) -> TensorDescription? {
    shapes[name].map {
      TensorDescription(
        dtype: OfficialTensors.isCounter(name) ? .int64 : .float32, shape: Shape($0))
    }
  }

  func tensor(_ name: String) throws(Failure) -> Tensor {
    guard let shape = shapes[name] else {
      throw Failure(.badInput, code: "tensor.missing", "no tensor \(name)")
    }
    var drawn = Self.hashes(name, shape.reduce(1, *))
    if OfficialTensors.isCounter(name) {
      drawn[0] >>= 32
      return Tensor(dtype: .int64, shape: Shape(shape)) { bytes in
        drawn.withUnsafeBytes { bytes.copyBytes(from: $0) }
      }
    }
    let units = drawn.map { Double($0 >> 46) / Double(1 << 17) - 1 }
    let values: [Double]
    if name.hasSuffix("running_var") {
      values = units.map { 1 + $0 / 2 }
    } else if shape.count == 1 {
      let isOne = name.hasSuffix("weight") || name.hasSuffix("pred_obj_score_head.layers.2.bias")
      values = units.map { $0 / 4 + (isOne ? 1 : 0) }
    } else {
      let fields = Double(shape.dropFirst().reduce(1, *))
      let power = log2((3 / fields).squareRoot()) + Self.gain(name)
      values = units.map { $0 * exp2(power.rounded(.toNearestOrEven)) }
    }
    return Tensor(values.map(Float.init), shape: Shape(shape))
  }

  /// SplitMix64 of the name's FNV-1a hash plus the index.
  private static func hashes(_ name: String, _ count: Int) -> [UInt64] {
    let start = name.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    return (0..<count).map { index in
      var z = start &+ UInt64(index) &* 0x9e37_79b9_7f4a_7c15
      z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
      z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
      return z ^ (z >> 31)
    }
  }

  private static func gain(_ name: String) -> Double {
    if name.hasSuffix("positional_encoding_gaussian_matrix") { return 1 }
    if name.contains("output_hypernetworks_mlps"), name.contains(".layers.2.") { return 4 }
    return name.contains("cross_attn_image") ? 1 : 0
  }
}
