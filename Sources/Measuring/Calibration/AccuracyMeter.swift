internal import Bytes
internal import Glibc
internal import Graph
internal import Media
internal import Runtime
internal import SAM2
internal import Tensors

/// Compares models with a floating-point model on pictures and clips.
struct AccuracyMeter {
  /// Maximum number of pictures and clips, and of frames from each, used to rank layers.
  private static let (sensitivityLimit, sensitivityFrames) = (4, 4)
  /// The noise assigned to logits that do not differ at all.
  private static let minimumNoise = 1e-14

  let probes: [Probe]
  let options: RuntimeOptions
  /// Masks of the floating-point model, for each probe.
  private let expected: [[BinaryMask]]
  /// Some of the probes, with the baseline's logits for them.
  private let sensitive: [(probe: Probe, logits: [Tensor])]

  /// `baseline` is the model `sensitivity` compares with, if it is going to be called.
  init(
    _ probes: [Probe], reference: SegmentationModel, baseline: Model?, options: RuntimeOptions
  ) throws(Failure) {
    self.probes = probes
    self.options = options
    var expected: [[BinaryMask]] = []
    for probe in probes { expected.append(try probe.masks(by: reference)) }
    self.expected = expected
    var sensitive: [(probe: Probe, logits: [Tensor])] = []
    if let baseline {
      let runnable = try SegmentationModel(baseline, options: options)
      for isClip in [false, true] {
        for probe in probes.filter({ $0.isClip == isClip }).prefix(Self.sensitivityLimit) {
          let short = probe.first(Self.sensitivityFrames)
          sensitive.append((short, try short.logits(by: runnable)))
        }
      }
    }
    self.sensitive = sensitive
  }

  func accuracy(of model: Model) throws(Failure) -> Accuracy {
    let runnable = try SegmentationModel(model, options: options)
    var items: [Accuracy.Item] = []
    for (probe, masks) in zip(probes, expected) {
      let found = try probe.masks(by: runnable)
      items.append(
        Accuracy.Item(
          name: probe.name, isClip: probe.isClip,
          ious: zip(found, masks).map { $0.intersectionOverUnion($1) }))
    }
    return Accuracy(items: items)
  }

  /// Agreement with the baseline, and noise in the logits relative to the signal, on a few of the
  /// probes.
  func sensitivity(of model: Model) throws(Failure) -> (accuracy: Accuracy, noise: Double) {
    let runnable = try SegmentationModel(model, options: options)
    var items: [Accuracy.Item] = []
    var (logarithms, count) = (0.0, 0)
    for (probe, expected) in sensitive {
      let found = try probe.logits(by: runnable)
      var ious: [Double] = []
      for (plane, exact) in zip(found, expected) {
        let mask = BinaryMask(logits: plane)
        ious.append(mask.intersectionOverUnion(BinaryMask(logits: exact)))
        logarithms += log(max(Self.minimumNoise, Self.noise(in: plane, against: exact)))
        count += 1
      }
      items.append(Accuracy.Item(name: probe.name, isClip: probe.isClip, ious: ious))
    }
    return (Accuracy(items: items), count == 0 ? 0 : exp(logarithms / Double(count)))
  }

  /// Sum of squared differences divided by the sum of squares; 0 if there is no signal.
  private static func noise(in plane: Tensor, against exact: Tensor) -> Double {
    var (signal, noise) = (0.0, 0.0)
    for (x, y) in zip(exact.floats(), plane.floats()) {
      signal += Double(x * x)
      noise += Double((x - y) * (x - y))
    }
    return signal > 0 ? noise / signal : 0
  }
}
