public import Bytes

extension ModelConfiguration {
  /// Sides that an input may have; a model allows those that are multiples of its `imageSizeStep`.
  static let imageSizes = 32...8192

  /// The side of the input is a multiple of this number, so that every level of the trunk has whole
  /// cells, and the maps divide into the windows of the trunk and of the perceiver.
  public var imageSizeStep: Int {
    let halvings = trunk.levelWidths.count - 1
    var steps = [backboneStride, 4 << halvings]
    switch trunk {
    case .hiera(let hiera): steps.append(4 * hiera.windowSpec[0])
    case .repvit: break
    case .vit: steps.append(PlainViT.patchSize)
    }
    if memory.attention.pooling != .none { steps.append(2 * backboneStride) }
    if let perceiver = memory.perceiver { steps.append(backboneStride * perceiver.gridSide) }
    return steps.reduce(1, leastCommonMultiple)
  }

  /// This model for inputs of `side` x `side` pixels, as the reference builds it with that
  /// `image_size`: the same weights, with position codes for the new maps.
  ///
  /// The configuration must be valid.
  /// - Throws: `config.image_size` for a side that the strides and windows do not allow.
  public func resized(to side: Int) throws(Failure) -> ModelConfiguration {
    let step = imageSizeStep
    guard Self.imageSizes.contains(side), side % step == 0 else {
      throw Failure(
        .badInput, code: "config.image_size",
        "\(variant) cannot have an image size of \(side): its strides and windows need a multiple "
          + "of \(step), from \(smallestSize(step)) to \(Self.imageSizes.upperBound / step * step)",
        hint: "use \(nearestSizes(to: side, step))")
    }
    var resized = self
    resized.imageSize = side
    try resized.validate()
    return resized
  }

  private func smallestSize(_ step: Int) -> Int {
    (Self.imageSizes.lowerBound + step - 1) / step * step
  }

  /// The allowed sides just below and above one that is not allowed, in words.
  private func nearestSizes(to side: Int, _ step: Int) -> String {
    let range = smallestSize(step)...(Self.imageSizes.upperBound / step * step)
    let inside = min(max(side, range.lowerBound), range.upperBound)
    let below = inside / step * step
    let above = min(below + step, range.upperBound)
    return inside != side || above == below ? "\(below)" : "\(below) or \(above)"
  }
}

private func leastCommonMultiple(_ a: Int, _ b: Int) -> Int {
  var (larger, smaller) = (a, b)
  while smaller != 0 { (larger, smaller) = (smaller, larger % smaller) }
  return a / larger * b
}
