internal import Graph
internal import Tensors

/// Brings channels that are rounded together to similar magnitudes and compensates where they are
/// read, so that the model computes the same results.
///
/// It uses calibration statistics or, where there are none, estimates from the weights.
struct Equalisation {
  private(set) var model: Model
  /// Statistics of the inputs after equalisation.
  private(set) var profile: CalibrationProfile
  /// Smoothing of the products' inputs, by weight.
  private(set) var smoothings: [String: Smoothing] = [:]
  /// Labels of attention layers whose queries and keys were balanced.
  private(set) var balanced: [String] = []

  init(_ model: Model, profile: CalibrationProfile) {
    (self.model, self.profile) = (model, profile)
  }

  /// Equalises for the products in `quantized`, which multiply in int8, and those in `stored`,
  /// whose weights are stored in int8.
  mutating func run(_ recipe: Recipe, quantized: Set<String>, stored: Set<String>) {
    if !recipe.steps.isDisjoint(with: [.smoothing, .shifting, .balancing]) {
      // In graph order: an estimate for the result of a product needs the estimate for its input.
      for group in SmoothingGroup.all(in: model, quantized: quantized, stored: stored) {
        if recipe.steps.contains(.estimation) { estimate(group) }
        smooth(group, recipe)
      }
    }
    guard recipe.steps.contains(.balancing) else { return }
    for group in ScoreGroup.all(in: model, recipe: recipe) {
      if recipe.steps.contains(.estimation) { estimate(group) }
      guard let balance = ScoreBalance(group, model.weights, profile) else { continue }
      group.fold(balance, into: &model.weights)
      balanced.append(group.label)
    }
  }

  /// Estimates, from the weights, the inputs that have no statistics.
  private mutating func estimate(_ group: SmoothingGroup) {
    let unseen = group.consumers.map(\.weight).filter { profile.inputs[$0] == nil }
    guard !unseen.isEmpty, let input = group.estimatedInput(model.weights, profile) else { return }
    for name in unseen { profile.inputs[name] = input }
  }

  /// Assumes standard normal inputs where no norm gives an estimate, as for the memory's tokens.
  private mutating func estimate(_ group: ScoreGroup) {
    for name in [group.queries.weight, group.keys.weight] where profile.inputs[name] == nil {
      guard let tensor = model.weights[name], let outputs = tensor.shape.dimensions.first,
        outputs > 0
      else { continue }
      let channels = tensor.elementCount / outputs
      profile.inputs[name] = .normal(
        gain: [Float](repeating: 1, count: channels), offset: [Float](repeating: 0, count: channels)
      )
    }
  }

  private mutating func smooth(_ group: SmoothingGroup, _ recipe: Recipe) {
    guard let input = group.rounded.compactMap({ profile.inputs[$0.weight] }).first,
      input.channelCount == group.channelCount, input.sampleRowCount > 0
    else { return }
    let smoothing = Smoothing(
      products: group.rounded.compactMap { consumer in
        model.weights[consumer.weight].map { ($0, consumer.rounding == .both) }
      }, input: input,
      offsets: recipe.steps.contains(.shifting) ? offsets(group, input) : nil,
      scales: recipe.steps.contains(.smoothing))
    guard smoothing.changesSomething else { return }
    group.fold(smoothing, into: &model.weights)
    for consumer in group.consumers {
      if consumer.rounding != .none { smoothings[consumer.weight] = smoothing }
      profile.inputs[consumer.weight] = profile.inputs[consumer.weight].map(smoothing.applied)
    }
  }

  /// The offsets that may be subtracted from the channels: their means, or the bias of their
  /// producer, which is close to them and the same on every machine.
  private func offsets(
    _ group: SmoothingGroup, _ input: CalibrationProfile.Input
  ) -> [Float]? {
    guard group.canShift, let origin = group.origin else { return nil }
    if input.source == .inputs { return input.mean }
    guard let values = model.weights[origin.name]?.floats(),
      values.count >= origin.start + group.channelCount
    else { return nil }
    return Array(values[origin.start..<(origin.start + group.channelCount)])
  }
}
