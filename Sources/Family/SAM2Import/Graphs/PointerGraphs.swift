import Bytes
import Graph
import SAM2Config

/// `project_pointer` and `pointer_positions`: object pointers and the codes of their age.
enum PointerGraphs {
  /// token [B, C] (the decoder's token for the chosen mask), present [B, 1] (1 where there is an
  /// object, 0 where not; the object score's sigmoid when `soft_no_obj_ptr`) -> pointer [B, C].
  ///
  /// With `fixed_no_obj_ptr`, the pointer of an absent object is `no_obj_ptr`; otherwise
  /// `no_obj_ptr` is added to its own. A mask used as output mixes twice; one call can do both,
  /// with present = p1 * p2 (fixed) or p1 + p2 - 1.
  static func projection(
    _ c: ModelConfiguration, _ tensors: OfficialTensors
  ) throws(Failure) -> Graph {
    var writer = LayerWriter("project_pointer", c, tensors)
    let objects = Dim(Symbol("objects"))
    let token = writer.input("token", objects, Dim(constant: c.dModel))
    let present = writer.input("present", objects, 1)
    var pointer =
      c.pointers.useMlpForObjPtrProj
      ? try writer.perceptron(token, "obj_ptr_proj", layers: 3, .relu)
      : try writer.linear(token, "obj_ptr_proj")
    if c.decoder.predObjScores {
      if c.pointers.fixedNoObjPtr {
        pointer = try writer.add(.multiply, pointer, present, label: "no_obj_ptr")
      }
      let absent = try writer.add(.affine(scale: -1, offset: 1), present, label: "no_obj_ptr")
      let share = try writer.add(
        .multiply, absent, try writer.weight("no_obj_ptr"), label: "no_obj_ptr")
      pointer = try writer.sum(pointer, share, label: "no_obj_ptr")
    }
    writer.output("pointer", pointer)
    return writer.graph
  }

  /// times [P, 1] (frames between, divided by maximum pointers - 1) -> positions [P, Cm]; zeros if
  /// the model does not give pointers a temporal code.
  static func positions(
    _ c: ModelConfiguration, _ tensors: OfficialTensors
  ) throws(Failure) -> Graph {
    var writer = LayerWriter("pointer_positions", c, tensors)
    let pointers = Dim(Symbol("pointers"))
    let times = writer.input("times", pointers, 1)
    let label = "obj_ptr_tpos_proj"
    guard c.pointers.addTposEncToObjPtrs else {
      let zeros = try writer.add(.fill(0, [pointers, Dim(constant: c.memory.dim)]), label: label)
      writer.output("positions", zeros)
      return writer.graph
    }
    let channels = c.pointers.projTposEncInObjPtrs ? c.dModel : c.memory.dim
    let code = try writer.add(
      .sineFeatures(channels: channels, temperature: 10_000), times, label: label)
    writer.output(
      "positions", c.pointers.projTposEncInObjPtrs ? try writer.linear(code, label) : code)
    return writer.graph
  }
}
