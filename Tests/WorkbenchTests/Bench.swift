import Bytes
import JSON
import Media
import SAM2
import SampleScene

@testable import Workbench

/// A workbench with the small built-in model, and pictures for it.
enum Bench {
  static let model = Result { () throws(Failure) in try SegmentationModel(path: bundledModel) }

  static let facts = ModelFacts(name: "nano", identity: "nano identity", metadata: .object([]))

  static func workbench(
    media: String? = nil, cache: String? = nil, limits: WorkLimits = WorkLimits(),
    identity: String = "nano identity"
  ) throws -> Workbench {
    try Workbench(
      model.get(), ModelFacts(name: "nano", identity: identity, metadata: .object([])),
      media: media, cache: cache, limits: limits)
  }

  static let still = SampleScene(seed: 5).still(width: 160, height: 120)

  /// The sample picture as a PNG; others with other seeds.
  static func png(seed: UInt64 = 5) throws -> [UInt8] {
    try PNGWriter.encode(SampleScene(seed: seed).still(width: 160, height: 120).image)
  }

  private static var bundledModel: String {
    #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
      .joined(separator: "/") + "/Sources/Commands/CBundledModel/nano-int8.sam2"
  }
}
