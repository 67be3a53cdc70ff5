internal import Bytes
internal import Graph
internal import Media
internal import Runtime
internal import SAM2

/// Compares models with one in floating point on pictures and clips.
struct AccuracyMeter {
  let probes: [Probe]
  let options: RuntimeOptions
  /// What the floating-point model answers, for each probe.
  private let expected: [[BinaryMask]]

  init(
    _ probes: [Probe], reference: SegmentationModel, options: RuntimeOptions
  ) throws(Failure) {
    self.probes = probes
    self.options = options
    var expected: [[BinaryMask]] = []
    for probe in probes { expected.append(try probe.masks(by: reference)) }
    self.expected = expected
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
}
