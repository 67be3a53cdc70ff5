import Bytes
import Graph
import JSON
import ModelInterface
import SAM2Config
import Tensors
import TestSupport
import Testing

@testable import SAM2Import

/// Weights of Keras 3, by lists of their variables.
///
/// `Scripts/make_keras_h5.py` made the files of these lists; `Scripts/check_keras.py` checks values.
@Suite struct KerasTensorsTests {
  /// Variables of one size of a package: path, layer and shape, filled with `value`.
  static func file(_ name: String, value: Float = 1) throws -> NamedTensors {
    let bytes = try #require(fileBytes(fixturePath("\(name).txt")))
    var tensors = NamedTensors()
    for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
      let parts = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      let sizes = parts[2].split(separator: " ").compactMap { Int($0) }
      // One element distinguishes a tensor from zeros, and costs nothing.
      let tensor = Tensor(dtype: .float32, shape: Shape(sizes)) {
        $0.storeBytes(of: value, as: Float.self)
      }
      tensors.set(parts[0], tensor, layer: parts[1])
    }
    return tensors
  }

  static func paz(value: Float = 1) throws -> NamedTensors {
    try file("sam2.1-tiny-paz", value: value)
  }

  static func zeroModels() throws -> NamedTensors { try file("sam2-tiny-zeromodels") }

  // MARK: - Whole models

  @Test func pazIsAWholeModel() throws {
    let found = try WeightSearch(Self.paz())
    #expect(found.layout == .paz)
    let official = OfficialTensors(variant("sam2.1_hiera_tiny"))
    #expect(Set(found.tensors.names) == Set(official.names))
    for name in official.names {
      #expect(found.tensors.description(of: name)?.shape.dimensions == official.shapes[name])
      #expect(try found.tensors.tensor(name).shape.dimensions == official.shapes[name])
    }
    #expect(try found.tensors.tensor("no_mem_pos_enc").floats().allSatisfy { $0 == 0 })
    #expect(found.notes.contains { $0.contains("no_mem_pos_enc") })
    let imported = try ModelImporter.importModel(Self.paz())
    #expect(imported.configuration.variant == "sam2.1_hiera_tiny" && imported.parts == .all)
  }

  /// The package writes zeros for what a SAM 2 does not have.
  @Test func zerosIdentifySAM2() throws {
    let zeros = try Self.paz(value: 0)
    #expect(try ModelImporter.importModel(zeros).configuration.variant == "sam2_hiera_tiny")
    // One of the three that is not zero makes a SAM 2.1.
    for layer in ["no_obj_embed_spatial", "obj_ptr_tpos_proj"] {
      var mixed = zeros
      let name = try #require(zeros.names.last { zeros.description(of: $0)?.layer == layer })
      let shape = try #require(zeros.description(of: name)?.shape)
      let some = Tensor([Float](repeating: -0.5, count: shape.elementCount), shape: shape)
      mixed.set(name, some, layer: layer)
      #expect(
        try ModelImporter.importModel(mixed).configuration.variant == "sam2.1_hiera_tiny")
    }
  }

  @Test func zeroModelsIsForPictures() throws {
    let imported = try ModelImporter.importModel(Self.zeroModels())
    #expect(imported.layout == .zeroModels && imported.parts == .pointsOnly)
    #expect(imported.configuration.variant == "sam2.1_hiera_tiny")
    #expect(imported.model.graph("encode_mask_prompt") == nil)
    #expect(imported.notes.contains { $0.contains("computed from other weights") })
    #expect(imported.model.metadata["parts"]?.string == "points-only")
  }

  /// Built with masks as prompts, it has three more convolutions, which shift the numbers of others.
  @Test func layersWithNamesMayBeAnywhere() throws {
    var tensors = try Self.zeroModels()
    let path = "sam_prompt_encoder.mask_downscaling"
    let layers: [(name: String, sizes: [[Int]])] = [
      ("conv1", [[2, 2, 1, 4], [4]]), ("layer_norm1", [[4], [4]]),
      ("conv2", [[2, 2, 4, 16], [16]]), ("layer_norm2", [[16], [16]]),
      ("conv3", [[1, 1, 16, 256], [256]]),
    ]
    for (index, layer) in layers.enumerated() {
      for (variable, sizes) in layer.sizes.enumerated() {
        tensors.set(
          "layers.mask_\(index).vars.\(variable)",
          Tensor(dtype: .float32, shape: Shape(sizes)) { _ in },
          layer: "prompt_encoder_mask_embed_\(layer.name)")
      }
    }
    let imported = try ModelImporter.importModel(tensors)
    #expect(imported.parts == .imageOnly)
    #expect(imported.model.weights["\(path).0.weight"]?.shape == [4, 1, 2, 2])
    #expect(imported.model.weights["\(path).6.weight"]?.shape == [256, 16, 1, 1])
  }

  @Test func theFourFilesForPicturesAreEnoughForPictures() throws {
    var four = try Self.paz()
    for name in four.names {
      let file = String(name.prefix { $0 != "." })
      if PazNames.parts.contains(where: { $0.stem == file && $0.isForVideo }) { four.remove(name) }
    }
    let imported = try ModelImporter.importModel(four)
    #expect(imported.parts == .imageOnly)
    #expect(imported.notes.contains { $0.contains("v0.34") })
  }

  @Test(arguments: PazNames.parts.map(\.stem)) func aMissingFileIsNamed(stem: String) throws {
    var rest = try Self.paz()
    for name in rest.names where name.hasPrefix("\(stem).") { rest.remove(name) }
    let caught = #expect(throws: Failure.self) { try WeightSearch(rest) }
    #expect(caught?.code == "keras.parts")
    #expect(caught?.message.contains("missing are \(stem).weights.h5") == true)
  }

  @Test func theStateOfTheOptimizerIsLeftOut() throws {
    var tensors = try Self.paz()
    for number in 0..<5 {
      tensors.set("optimizer.vars.\(number)", Tensor([Float(1)], shape: []), layer: "adam")
    }
    let imported = try ModelImporter.importModel(tensors)
    #expect(imported.notes.contains("left out the state of the optimizer, 5 arrays"))
  }

  // MARK: - Transposes

  @Test func arraysAreTransposed() {
    let plans: [(KerasTranspose, [Int], [Int], [Int])] = [
      (.matrix, [2, 3], [1, 0], [3, 2]), (.kernel, [7, 5, 3, 2], [3, 2, 0, 1], [2, 3, 7, 5]),
      (.depthwiseKernel, [7, 5, 3, 1], [2, 3, 0, 1], [3, 1, 7, 5]),
      (.picture, [4, 5, 6], [2, 0, 1], [1, 6, 4, 5]),
      (.pictures, [2, 4, 5, 6], [0, 3, 1, 2], [2, 6, 4, 5]), (.row, [3], [0], [1, 3]),
      (.cell, [3], [0], [1, 1, 3]), (.moments, [7, 3], [0, 1], [7, 1, 1, 3]),
      (.same, [2, 3], [0, 1], [2, 3]),
    ]
    #expect(Set(plans.map(\.0)) == Set(KerasTranspose.allCases))
    for (transpose, sizes, axes, result) in plans {
      let plan = transpose.plan(sizes)
      #expect(plan?.axes == axes && plan?.sizes == result, "\(transpose)")
      if transpose != .same { #expect(transpose.plan(sizes + [1]) == nil, "\(transpose)") }
    }
  }

  @Test func elementsFollowTheirAxes() throws {
    var base = NamedTensors()
    base.set("m", Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [2, 3]))
    base.set("k", Tensor((1...8).map { Float($0) }, shape: [1, 2, 2, 2]))
    var renamed = RenamedTensors(base)
    let added = [
      renamed.add("matrix", .transposed("m", .matrix)),
      renamed.add("kernel", .transposed("k", .kernel)),
      renamed.add("row", .row("m", 1)), renamed.add("row", .row("m", 0)),
    ]
    #expect(added == [true, true, true, false])
    #expect(try renamed.tensor("matrix").floats() == [1, 4, 2, 5, 3, 6])
    // [h, w, in, out] to [out, in, h, w]: element (o, i, 0, w) is 1 + 4w + 2i + o.
    #expect(try renamed.tensor("kernel").floats() == [1, 5, 3, 7, 2, 6, 4, 8])
    #expect(try renamed.tensor("row").floats() == [4, 5, 6])
    #expect(try renamed.tensor("row").shape == [1, 3])
  }

  // MARK: - Hostile files

  struct Change: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let code: String
    let edit: @Sendable (inout NamedTensors) -> Void
  }

  private static let one = Tensor([Float(1)], shape: [1])

  static let changes: [Change] = [
    Change(testDescription: "a layer twice", code: "keras.name_collision") { tensors in
      for index in 0..<2 {
        tensors.set(
          "pointer.layers.dense_9.vars.\(index)",
          Tensor(dtype: .float32, shape: index == 0 ? [256, 256] : [256]) { _ in },
          layer: "obj_ptr_proj_layers_0")
      }
    },
    Change(testDescription: "variable 0 without 1", code: "keras.variables") {
      $0.remove("image_encoder.layers.conv2d.vars.1")
    },
    Change(testDescription: "variable 1 without 0", code: "keras.variables") {
      $0.remove("image_encoder.layers.conv2d.vars.0")
    },
    Change(testDescription: "variable 00", code: "keras.variables") {
      $0.set("image_encoder.layers.conv2d.vars.00", one, layer: "patch_embed_proj")
    },
    Change(testDescription: "variable x", code: "keras.variables") {
      $0.set("image_encoder.layers.conv2d.vars.x", one, layer: "patch_embed_proj")
    },
    Change(testDescription: "variable 99999999999999999999", code: "keras.variables") {
      $0.set("layers.a.vars.99999999999999999999", one, layer: "patch_embed_proj")
    },
    Change(testDescription: "a table of three axes", code: "keras.shape") {
      $0.set(
        "image_encoder.layers.conv2d.vars.0",
        Tensor(dtype: .float32, shape: [7, 7, 288]) { _ in }, layer: "patch_embed_proj")
    },
    Change(testDescription: "five points", code: "keras.shape") {
      $0.set(
        "point_encoder.layers.point_label_embedding.vars.0",
        Tensor(dtype: .float32, shape: [5, 256]) { _ in }, layer: "point_label_embed")
    },
    Change(testDescription: "a layer without a name", code: "keras.names") { tensors in
      for index in 0..<2 { tensors.set("pointer.layers.dense.vars.\(index)", one) }
    },
    Change(testDescription: "a stranger", code: "model.architecture") {
      $0.set("image_encoder.layers.adapter.vars.0", one, layer: "adapter")
    },
    Change(testDescription: "mixed widths", code: "model.architecture") {
      $0.set(
        "image_encoder.layers.conv2d.vars.0",
        Tensor(dtype: .float32, shape: [7, 7, 3, 112]) { _ in }, layer: "patch_embed_proj")
    },
  ]

  @Test(arguments: changes) func eachMeetsItsError(change: Change) throws {
    var tensors = try Self.paz()
    change.edit(&tensors)
    #expect(throws: TestSupport.failure(change.code)) { try ModelImporter.importModel(tensors) }
  }

  @Test func filesWithoutNamesAreRefusedWithAHint() throws {
    for whole in [try Self.paz(), try Self.zeroModels()] {
      var nameless = NamedTensors()
      for name in whole.names { nameless.set(name, try whole.tensor(name)) }
      let caught = #expect(throws: Failure.self) { try WeightSearch(nameless) }
      #expect(caught?.code == "keras.names" && caught?.hint?.contains("Keras") == true)
    }
  }

  @Test func otherModelsOfKerasAreNamed() throws {
    for (path, name) in [
      ("layers.vi_t_det_patching_and_embedding.vars.0", "a SAM 1 of keras-hub"),
      ("layers.dense.vars.0", "another model of Keras"),
    ] {
      var tensors = NamedTensors()
      tensors.set(path, Self.one, layer: "dense_7")
      tensors.set("layers.b.vars.0", Self.one, layer: "dense_8")
      let caught = #expect(throws: Failure.self) { try ModelImporter.importModel(tensors) }
      #expect(caught?.code == "model.architecture")
      #expect(caught?.message.contains(name) == true, "\(String(describing: caught))")
    }
  }
}
