import Bytes
import CSAM2
import Media
import SAM2
import SAM2Jobs
import Tensors

/// A prompt as passed by a C caller, checked as far as possible without a picture.
struct PromptArgument {
  let points: [Prompt.Point]
  let box: Prompt.Box?
  let mask: BinaryMask?
  let multimask: Bool
  let finish: MaskFinish
  let keepsOldPoints: Bool
  /// The caller's logits, read only once their number is known to be right.
  private let logits: UnsafeBufferPointer<Float>?

  /// No prompt has more; a greater number is uninitialised.
  private static let maximumPoints = 100_000

  /// Valid only during the call that received `pointer`.
  /// - Throws: `argument.*`.
  init(_ pointer: UnsafePointer<sam2_prompt>?) throws(Failure) {
    guard let pointer else { throw .null("prompt") }
    let prompt = try members(of: pointer, defaults: .standard)
    points = try PromptArgument.points(prompt)
    box = prompt.box.map { .init(x0: $0[0], y0: $0[1], x1: $0[2], y1: $0[3]) }
    if let mask = prompt.mask { self.mask = try Arguments.mask(mask.pointee) } else { mask = nil }
    guard prompt.logits == nil || prompt.mask == nil else {
      throw .argument("the prompt has a mask and logits", hint: "give one of them")
    }
    guard prompt.logits != nil || prompt.logits_count == 0 else { throw .null("logits") }
    logits = prompt.logits.map {
      UnsafeBufferPointer(start: $0, count: max(0, prompt.logits_count))
    }
    multimask = try Arguments.flag(prompt.multimask, "multimask")
    finish = try MaskFinish(prompt)
    keepsOldPoints = try Arguments.flag(prompt.keeps_old_points, "keeps_old_points")
  }

  private static func points(_ prompt: sam2_prompt) throws(Failure) -> [Prompt.Point] {
    guard (0...maximumPoints).contains(prompt.point_count) else {
      throw .argument("the prompt has \(prompt.point_count) points")
    }
    guard prompt.point_count > 0 else { return [] }
    guard let points = prompt.points else { throw .null("points") }
    return UnsafeBufferPointer(start: points, count: prompt.point_count).map {
      .init(x: $0.x, y: $0.y, label: Int($0.label))
    }
  }

  /// The prompt for a picture of `width` x `height` and a model whose logits have side `side`.
  /// - Throws: `prompt.mask_size`, `prompt.mask_shape`.
  func prompt(width: Int, height: Int, side: Int) throws(Failure) -> Prompt {
    Prompt(
      points: points, box: box,
      maskLogits: try maskLogits(width: width, height: height, side: side))
  }

  private func maskLogits(width: Int, height: Int, side: Int) throws(Failure) -> Tensor? {
    if let mask {
      guard mask.width == width, mask.height == height else {
        throw Failure(
          .usage, code: "prompt.mask_size",
          "the mask is \(mask.width)x\(mask.height), the picture is \(width)x\(height)",
          hint: "give a mask of the size of the picture")
      }
      return MaskFile.logits(of: mask, side: side)
    }
    guard let logits else { return nil }
    guard logits.count == side * side else {
      throw Failure(
        .usage, code: "prompt.mask_shape",
        "the prompt has \(logits.count) logits, the model takes \(side) * \(side)",
        hint: "pass low-resolution logits of an earlier result of this model")
    }
    return Tensor(Array(logits), shape: Shape([side, side]))
  }

  /// Throws unless the prompt suits a video: points and a box, or a mask.
  func requireVideoPrompt() throws(Failure) {
    guard logits == nil else {
      throw .argument("a tracker takes no logits", hint: "give a mask, points or a box")
    }
    guard mask == nil || (points.isEmpty && box == nil) else {
      throw .argument(
        "the prompt has a mask as well as points or a box",
        hint: "give a tracker either a mask, or points and a box")
    }
  }
}

/// The steps that make masks from the logits of a prompt's answer.
struct MaskFinish {
  let threshold: Float
  let maximumHoleArea: Int
  let maximumIslandArea: Int

  /// - Throws: `argument.value`.
  init(_ prompt: sam2_prompt) throws(Failure) {
    guard prompt.mask_threshold.isFinite else {
      throw .argument("mask_threshold is \(prompt.mask_threshold)")
    }
    threshold = prompt.mask_threshold
    let areas = 0...Int(Int32.max)
    maximumHoleArea = try Arguments.number(
      prompt.maximum_hole_area, "maximum_hole_area", in: areas)
    maximumIslandArea = try Arguments.number(
      prompt.maximum_island_area, "maximum_island_area", in: areas)
  }
}

extension sam2_prompt {
  /// The defaults.
  static var standard: sam2_prompt {
    var prompt = sam2_prompt()
    prompt.multimask = 1
    return prompt
  }
}
