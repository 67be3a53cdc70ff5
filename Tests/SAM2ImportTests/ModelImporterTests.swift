import Bytes
import Graph
import JSON
import SAM2Config
import Tensors
import Testing

@testable import SAM2Import

struct ModelImporterTests {
  @Test(arguments: KnownVariants.all)
  func everyVariantImports(configuration: ModelConfiguration) throws {
    let checkpoint = SyntheticCheckpoint(configuration)
    let imported = try ModelImporter.importModel(checkpoint)
    #expect(imported.configuration == configuration)
    #expect(imported.model.weights.names == checkpoint.names)
    #expect(imported.model.graphs.count == 11)
    let stored = try #require(imported.model.metadata["configuration"])
    #expect(try ModelConfiguration(json: stored) == configuration)
    #expect(imported.model.metadata["architecture"]?.string == "sam2")
  }

  @Test(arguments: [DType.float32, .float16, .bfloat16])
  func weightsAreStoredAsAsked(storage: DType) throws {
    let checkpoint = SyntheticCheckpoint(variant("nano"), dtype: .float16)
    var calls: [Int] = []
    let imported = try ModelImporter.importModel(checkpoint, storage: storage) { done, total in
      #expect(total == checkpoint.names.count)
      calls.append(done)
    }
    #expect(calls == Array(1...checkpoint.names.count))
    for name in imported.model.weights.names {
      #expect(imported.model.weights[name]?.dtype == storage)
    }
  }

  @Test
  func weightsComeInTheOfficialOrderWhateverTheCheckpointHas() throws {
    let official = SyntheticCheckpoint(variant("nano"))
    let reversed = SyntheticCheckpoint(
      official.names.reversed().map { ($0, official.description(of: $0)?.shape.dimensions ?? []) })
    let imported = try ModelImporter.importModel(reversed)
    let isOfficial = imported.model.weights.names == official.names
    #expect(isOfficial)
  }

  @Test
  func integersAreNoWeights() {
    var checkpoint = SyntheticCheckpoint(variant("nano"))
    checkpoint.set("no_mem_embed", [1, 1, 128], dtype: .int64)
    let found = failure { () throws(Failure) in
      _ = try ModelImporter.importModel(checkpoint)
    }
    #expect(found?.code == "model.dtype")
    #expect(found?.place == "tensor no_mem_embed")
  }

  /// Zeros, but for one weight that half precision cannot hold.
  private struct LargeWeight: TensorCollection {
    let base = SyntheticCheckpoint(variant("nano"))
    var names: [String] { base.names }
    func description(of name: String) -> TensorDescription? { base.description(of: name) }
    func tensor(_ name: String) throws(Failure) -> Tensor {
      name == "no_obj_ptr"
        ? Tensor([Float](repeating: 70_000, count: 128), shape: [1, 128]) : try base.tensor(name)
    }
  }

  @Test
  func weightsThatOverflowHalfPrecisionAreRefused() {
    let found = failure { () throws(Failure) in
      _ = try ModelImporter.importModel(LargeWeight(), storage: .float16)
    }
    #expect(found?.code == "model.range")
    #expect(
      failure { () throws(Failure) in
        _ = try ModelImporter.importModel(LargeWeight(), storage: .bfloat16)
      } == nil)
  }

  @Test
  func onlyFloatsCanBeStored() {
    let checkpoint = SyntheticCheckpoint(variant("nano"))
    #expect(
      failure { () throws(Failure) in
        _ = try ModelImporter.importModel(checkpoint, storage: .int8)
      }?.code == "model.storage")
  }
}
