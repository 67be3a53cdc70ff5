import Bytes
import Graph
import JSON
import ModelFile
import ModelInterface
import SAM2Config
import TestSupport
import Testing

/// Models as this toolchain writes them have the interface of their configuration.
@Suite struct HonestModelTests {
  @Test(arguments: KnownVariants.all) func publishedConfigurations(
    configuration: ModelConfiguration
  ) throws {
    try ModelInterface.verify(NanoGraphs.model(configuration))
  }

  /// Choices in which checkpoints of the family differ, by their names in files.
  static let choices: [[(key: String, value: JSONValue)]] = [
    [("pred_obj_scores", false), ("fixed_no_obj_ptr", false)],
    [("no_obj_embed_spatial", false)],
    [("add_tpos_enc_to_obj_ptrs", false), ("proj_tpos_enc_in_obj_ptrs", false)],
    [("proj_tpos_enc_in_obj_ptrs", false)],
    [("pos_enc_at_cross_attn_keys", false)],
    [("use_mlp_for_obj_ptr_proj", false)],
    [("memory_dim", 32)],
    [("num_maskmem", 3)],
    [("image_size", 512)],
    [("d_model", 64)],
    [("memory_attention_heads", 2)],
    [("stages", [1, 2, 4]), ("window_spec", [8, 4, 6]), ("scalp", 0), ("q_pool", 2)],
  ]

  @Test(arguments: choices.indices) func otherConfigurations(choice: Int) throws {
    var configuration = try #require(KnownVariants.named("nano"))
    for (key, value) in Self.choices[choice] { try configuration.set(key, value) }
    try ModelInterface.verify(NanoGraphs.model(configuration))
  }

  @Test(arguments: ModelParts.allCases) func reducedModels(parts: ModelParts) throws {
    let reduced = try parts.reduced(NanoGraphs.model())
    let configuration = try #require(KnownVariants.named("nano"))
    #expect(try ModelInterface(of: reduced, configuration: configuration).parts == parts)
  }

  /// The bundled model is quantised: all passes and an int8 recipe have rewritten its graphs.
  @Test(arguments: ModelParts.allCases) func bundledModel(parts: ModelParts) throws {
    let path = fixturePath("../../Sources/Commands/CBundledModel/nano-int8.sam2", target: ".")
    try ModelInterface.verify(parts.reduced(ModelFile.open(path)))
  }

  @Test func symbolsMayHaveOtherNames() throws {
    let model = try NanoGraphs.model()
    func renamed(_ dim: Dim) -> Dim {
      Dim(
        constant: dim.constant,
        terms: dim.terms.map {
          .init(symbol: Symbol("other \($0.symbol.name)"), coefficient: $0.coefficient)
        })
    }
    for graph in model.graphs {
      let other = try model.editing(graph.name) { signature in
        signature.values = signature.values.map {
          ($0.name, TensorType($0.type.element, $0.type.shape.map(renamed)))
        }
      }
      #expect(throws: Never.self, "\(graph.name)") { try ModelInterface.verify(other) }
    }
  }

  @Test func orderHasNoMeaning() throws {
    let model = try NanoGraphs.model()
    for graph in model.graphs {
      let other = try model.editing(graph.name) { signature in
        signature.inputs.reverse()
        signature.outputs.reverse()
      }
      #expect(throws: Never.self, "\(graph.name)") { try ModelInterface.verify(other) }
    }
  }
}
