// The names are those in the header.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import Bytes
public import CSAM2
import Graph
import ModelInterface
import Runtime
import SAM2

/// A model held by a C caller.
final class ModelObject: Sendable {
  let model: SegmentationModel

  init(_ model: SegmentationModel) { self.model = model }
}

@c @implementation
public func sam2_model_options_init(
  _ options: UnsafeMutablePointer<sam2_model_options>?, _ size: Int
) {
  initialise(options, size: size, defaults: .standard)
}

@c @implementation
public func sam2_model_open(
  _ path: UnsafePointer<CChar>?, _ options: UnsafePointer<sam2_model_options>?,
  _ model: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<sam2_error>?
) -> sam2_status {
  call(returning: model, error) {
    let path = try Arguments.text(path, "path")
    let options = try RuntimeOptions(members(of: options, defaults: .standard))
    return Handles.models.insert(
      ModelObject(try SegmentationModel(path: path, options: options)))
  }
}

@c @implementation
public func sam2_model_free(_ model: OpaquePointer?) { Handles.models.remove(model) }

@c @implementation
public func sam2_model_describe(
  _ model: OpaquePointer?, _ info: UnsafeMutablePointer<sam2_model_info>?,
  _ error: UnsafeMutablePointer<sam2_error>?
) -> sam2_status {
  call(error) {
    let model = try Handles.models.object(model).model
    var facts = sam2_model_info()
    facts.image_size = Int32(model.imageSize)
    facts.logits_side = Int32(model.configuration.maskSide)
    facts.takes_points = model.parts.allows(.prompting) ? 1 : 0
    facts.takes_masks = model.parts.allows(.maskPrompting) ? 1 : 0
    facts.tracks = model.parts.allows(.tracking) ? 1 : 0
    try assign(facts, to: info)
  }
}

extension sam2_model_options {
  fileprivate static var standard: sam2_model_options {
    var options = sam2_model_options()
    options.graph_budget = 1
    return options
  }
}

extension RuntimeOptions {
  fileprivate init(_ options: sam2_model_options) throws(Failure) {
    let threads = try Arguments.number(options.threads, "threads", in: 0...1024)
    self.init(threads: threads == 0 ? nil : threads)
    if options.kernel_level != nil {
      kernelLevel = try Arguments.text(options.kernel_level, "kernel level")
    }
    let isRounded = try Arguments.number(options.arithmetic, "arithmetic", in: 0...1) == 1
    arithmetic = isRounded ? .bfloat16 : .float32
    budget = GraphBudget.standard.scaled(
      by: try Arguments.number(options.graph_budget, "graph_budget", in: 1...1_000_000))
  }
}
