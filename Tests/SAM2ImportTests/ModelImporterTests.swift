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
    #expect(imported.model.graphs.count == 12)
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
  func integersAreNotWeights() {
    var checkpoint = SyntheticCheckpoint(variant("nano"))
    checkpoint.set("no_mem_embed", [1, 1, 192], dtype: .int64)
    let found = failure { () throws(Failure) in
      _ = try ModelImporter.importModel(checkpoint)
    }
    #expect(found?.code == "model.dtype")
    #expect(found?.place == "tensor no_mem_embed")
  }

  /// Zeros, except one tensor.
  private struct Replacing: TensorCollection {
    let base = SyntheticCheckpoint(variant("nano"))
    let replaced: String
    let replacement: Tensor
    init(_ name: String, with tensor: Tensor) { (replaced, replacement) = (name, tensor) }
    var names: [String] { base.names }
    func description(of name: String) -> TensorDescription? { base.description(of: name) }
    func tensor(_ name: String) throws(Failure) -> Tensor {
      name == replaced ? replacement : try base.tensor(name)
    }
  }

  /// One weight that half precision cannot hold.
  private let large = Replacing(
    "no_obj_ptr", with: Tensor([Float](repeating: 70_000, count: 192), shape: [1, 192]))

  @Test
  func weightsThatOverflowHalfPrecisionAreRefused() {
    let found = failure { () throws(Failure) in
      _ = try ModelImporter.importModel(large, storage: .float16)
    }
    #expect(found?.code == "model.range")
    #expect(
      failure { () throws(Failure) in
        _ = try ModelImporter.importModel(large, storage: .bfloat16)
      } == nil)
  }

  @Test
  func nonFiniteValuesAreCounted() throws {
    let checkpoint = Replacing(
      "no_obj_ptr",
      with: Tensor([.nan, .infinity] + [Float](repeating: 1, count: 190), shape: [1, 192]))
    for storage in [DType.float32, .float16, .bfloat16] {
      let imported = try ModelImporter.importModel(checkpoint, storage: storage)
      #expect(imported.nonFinite.map(\.name) == ["no_obj_ptr"])
      #expect(imported.nonFinite.map(\.count) == [2])
    }
    #expect(
      try ModelImporter.importModel(SyntheticCheckpoint(variant("nano"))).nonFinite.isEmpty)
    // A double that no float can hold.
    let huge = Tensor(dtype: .float64, shape: [1, 192]) {
      $0.storeBytes(of: 1e300, toByteOffset: 8, as: Double.self)
    }
    let wide = try ModelImporter.importModel(Replacing("no_obj_ptr", with: huge))
    #expect(wide.nonFinite.map(\.count) == [1])
  }

  /// Doubles of Tiny would take 156 MB as floats.
  @Test
  func convertedWeightsDoNotStayInMemory() throws {
    let checkpoint = SyntheticCheckpoint(variant("sam2.1-tiny"), dtype: .float64)
    let imported = try ModelImporter.importModel(checkpoint, convertsLater: true)
    var inMemory = 0
    for name in imported.model.weights.names {
      let tensor = try #require(imported.model.weights[name])
      #expect(tensor.dtype == .float32)
      if !tensor.storage.isMappedFile { inMemory += tensor.storage.byteCount }
    }
    #expect(imported.model.weights.byteCount > 150_000_000)
    #expect(inMemory <= 32 << 20)
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
