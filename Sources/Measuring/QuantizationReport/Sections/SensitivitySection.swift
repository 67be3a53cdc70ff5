internal import Calibration
internal import JSON

/// The cost of rounding each group of layers alone, worst first.
struct SensitivitySection: ReportSection {
  let key: StaticString = "sensitivity"
  let title = "Sensitivity"

  private let calibrated: CalibratedModel?
  private let minimumIoU: Double?

  init(_ content: ReportContent) {
    calibrated = content.calibrated
    minimumIoU = content.minimumIoU
  }

  private var sensitivities: [Sensitivity] { calibrated?.sensitivities ?? [] }

  // MARK: - Page

  var body: [Markup] {
    guard !sensitivities.isEmpty else {
      return [
        note(
          calibrated == nil
            ? "Not measured: that takes pictures, given with --calibrate."
            : "Not measured: --no-sensitivity.")
      ]
    }
    let worst = max(1e-14, sensitivities.map(\.noise).max() ?? 0)
    let table = Table(
      caption: "Noise in the mask logits, and mask IoU lost, when only these layers are in int8",
      columns: [
        .init(title: "rank", isNumber: true), .init(title: "layers", wraps: true),
        .init(title: "graph"),
        .init(title: "logits, dB", isNumber: true, help: "signal to noise"),
        .init(title: "noise beside the worst"), .init(title: "lost", isNumber: true),
        .init(title: "pictures", isNumber: true, help: "mean IoU"),
        .init(title: "clips", isNumber: true, help: "mean IoU"), .init(title: "now"),
      ],
      rows: sensitivities.enumerated().map { index, sensitivity in
        [
          .init(index + 1), .init(layers(sensitivity)), .init(sensitivity.graph),
          .init(sensitivity.sqnr, 1),
          .init(.element("div", ["class": "bars"], [.bar(sensitivity.noise / worst)])),
          .init(sensitivity.loss, 5),
          .init(Figure.iou(sensitivity.accuracy.pictures)),
          .init(Figure.iou(sensitivity.accuracy.clips)),
          .init(isReturned(sensitivity) ? "float" : "int8"),
        ]
      })
    return [note(explanation), table.markup]
  }

  private var explanation: String {
    let start =
      "Groups of neighbouring layers, each alone in int8 and everything else in float, ranked by "
      + "the noise in the logits of a few held-out pictures and the first frames of a few clips."
    guard let minimumIoU else { return start }
    let count = calibrated?.fallback.count ?? 0
    return start
      + (count > 0
        ? " \(Figure.plural(count, "layer")) went back to float, worst first, until the mean IoU "
          + "of held-out masks was \(minimumIoU)."
        : " The budget of \(minimumIoU) was met without returning any layer to float.")
  }

  private func layers(_ sensitivity: Sensitivity) -> Markup {
    guard sensitivity.weights.count > 1, let first = sensitivity.weights.first else {
      return .name(sensitivity.weights.first ?? "")
    }
    return .element(
      "details",
      [
        .element(
          "summary",
          [.name(first), Markup(" and \(sensitivity.weights.count - 1) more")]),
        .element("ul", sensitivity.weights.map { .element("li", [.name($0)]) }),
      ])
  }

  private func isReturned(_ sensitivity: Sensitivity) -> Bool {
    let fallback = calibrated?.fallback ?? []
    return sensitivity.weights.allSatisfy { fallback.contains($0) }
  }

  // MARK: - Data

  var json: JSONValue {
    .array(
      sensitivities.map { sensitivity in
        [
          "graph": .string(sensitivity.graph), "logits_sqnr_db": Figure.json(sensitivity.sqnr, 2),
          "iou_lost": Figure.json(sensitivity.loss, 6),
          "pictures_mean_iou": Figure.json(sensitivity.accuracy.pictures, 6),
          "clips_mean_iou": Figure.json(sensitivity.accuracy.clips, 6),
          "returned_to_float": .bool(isReturned(sensitivity)),
          "weights": .array(sensitivity.weights.map { .string($0) }),
        ]
      })
  }
}
