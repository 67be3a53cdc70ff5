import Bytes
import Checkpoints
import JSON
import SAM2Import
import Tensors
import TestSupport

@testable import SAM2

/// The trained fixture model, and what the official code answers with it: `Tests/Fixtures/nano`.
enum Nano {
  /// Imported once for all tests.
  static let model = Result { () throws -> SegmentationModel in
    let checkpoint = try Checkpoint.open(path("nano.pt"))
    return try SegmentationModel(ModelImporter.importModel(checkpoint.tensors).model)
  }

  static func path(_ name: String) -> String {
    fixturePath("nano/" + name, target: ".")
  }

  static func reference() throws -> JSONValue {
    try JSONValue(parsing: fileBytes(path("reference.json")) ?? [])
  }

  /// A float32 .npy file in C order.
  static func array(_ name: String) throws -> Tensor {
    let bytes = fileBytes(path(name)) ?? []
    guard bytes.count > 10 else { throw UnreadableArray(name: name) }
    let start = 10 + Int(bytes[8]) + 256 * Int(bytes[9])
    let header = String(decoding: bytes[10..<start], as: UTF8.self)
    let list = header.split(separator: "(").last?.split(separator: ")").first ?? ""
    let sizes = list.split(separator: ",").compactMap {
      Int($0.filter { $0.isNumber })
    }
    guard header.contains("'<f4'"), header.contains("False"),
      bytes.count - start == 4 * sizes.reduce(1, *)
    else { throw UnreadableArray(name: name) }
    return Tensor(dtype: .float32, shape: Shape(sizes)) { $0.copyBytes(from: bytes[start...]) }
  }

  struct UnreadableArray: Error {
    let name: String
  }
}
