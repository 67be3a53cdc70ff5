internal import JSON
internal import Quantizer
internal import Tensors

/// How each weight was treated.
struct TensorSection: ReportSection {
  let key: StaticString = "tensors"
  let title = "Tensors"

  private let decisions: [Decision]
  private let isCalibrated: Bool

  init(_ content: some ReportedRun) {
    decisions = content.decisions
    isCalibrated = content.calibration != nil
  }

  // MARK: - Page

  var body: [Markup] {
    guard !decisions.isEmpty else { return [note("Nothing was rounded.")] }
    let counts = [
      (Decision.Scheme.int8, "multiplied in int8"), (.stored8, "stored in int8"),
      (.float, "in floating point"),
    ].map { scheme, text in "\(decisions.count { $0.scheme == scheme }) \(text)" }
    let explanation =
      "Click a title to sort. Clip is the share of a channel's largest weight that the integers "
      + "reach, mean over channels; SQNR is signal to rounding noise, of the weight and of the "
      + "rows it is multiplied with."
      + (isCalibrated ? "" : " Rows were not seen: no calibration inputs were given.")
    return [
      .element("p", "\(counts.joined(separator: ", "))."), note(explanation), zeros, filter,
      table.markup,
    ]
  }

  private var zeros: Markup {
    let found = decisions.filter { $0.zeroChannels > 0 }
    guard let first = found.first else { return Markup([]) }
    return .element(
      "p", ["class": "warning"],
      "\(Figure.plural(found.count, "weight")) with channels of nothing but zeros, among them "
        + "\(first.weight): such a channel gets a scale of 1.")
  }

  private var filter: Markup {
    func button(_ kind: String, _ title: String, isOn: Bool) -> Markup {
      .element(
        "button", ["type": "button", "data-show": kind, "aria-pressed": isOn ? "true" : "false"],
        title)
    }
    return .element(
      "div", ["class": "filter", "role": "group", "aria-label": "Which tensors to show"],
      [
        button("", "all", isOn: true), button("w8a8", "int8 products", isOn: false),
        button("w8", "int8 storage", isOn: false), button("float", "float", isOn: false),
      ])
  }

  private var table: Table {
    Table(
      caption: "Every tensor of the model",
      columns: [
        .init(title: "tensor", wraps: true), .init(title: "shape"), .init(title: "stored as"),
        .init(title: "range", isNumber: true, help: "smallest and largest weight, sorted by width"),
        .init(title: "clip", isNumber: true, help: "share of the range that is kept"),
        .init(title: "SQNR", isNumber: true, help: "of the weight, in dB"),
        .init(
          title: "input SQNR", isNumber: true, help: "of the rows it is multiplied with, in dB"),
        .init(title: "smoothing", isNumber: true, help: "exponent; none where it gained nothing"),
        .init(title: "correction", isNumber: true, help: "largest change of a bias"),
        .init(title: "note", wraps: true),
      ], rows: decisions.map(row), kinds: decisions.map(\.scheme.rawValue), isSortable: true)
  }

  private func row(_ decision: Decision) -> [Table.Cell] {
    let (low, high) = (decision.range.lowerBound, decision.range.upperBound)
    let storage =
      decision.from == decision.to
      ? decision.to.name : "\(decision.from.name) → \(decision.to.name)"
    return [
      .init(.name(decision.weight)),
      .init(decision.shape.dimensions.map(String.init).joined(separator: "×")), .init(storage),
      .init(
        Markup("\(Figure.weight(low)) … \(Figure.weight(high))"), value: Double(high - low)),
      .init(
        Markup(decision.clip.map { Figure.percent($0) } ?? "–"), value: decision.clip),
      .init(finite(decision.sqnr), 1), .init(finite(decision.inputSQNR), 1),
      .init(decision.smoothing, 2), .init(decision.correction.map(Double.init), 4),
      .init(note(of: decision)),
    ]
  }

  private func finite(_ value: Double?) -> Double? { value.flatMap { $0.isFinite ? $0 : nil } }

  private func note(of decision: Decision) -> String {
    let zeros =
      decision.zeroChannels > 0
      ? Figure.plural(decision.zeroChannels, "channel") + " of zeros" : nil
    return [decision.reason, zeros].compactMap(\.self).joined(separator: "; ")
  }

  // MARK: - Data

  var json: JSONValue { .array(decisions.map(json)) }

  private func json(_ decision: Decision) -> JSONValue {
    func number(_ value: Float) -> JSONValue { value.isFinite ? .init(value) : .null }
    return [
      "name": .string(decision.weight),
      "shape": .array(decision.shape.dimensions.map { .init($0) }),
      "from": .string(decision.from.name), "to": .string(decision.to.name),
      "scheme": .string(decision.scheme.rawValue),
      "range": [number(decision.range.lowerBound), number(decision.range.upperBound)],
      "clip": Figure.json(decision.clip, 4), "sqnr_db": Figure.json(decision.sqnr, 2),
      "input_sqnr_db": Figure.json(decision.inputSQNR, 2),
      "smoothing": Figure.json(decision.smoothing, 4),
      "correction": decision.correction.map(number) ?? .null,
      "zero_channels": .init(decision.zeroChannels),
      "reason": decision.reason.map { .string($0) } ?? .null,
    ]
  }
}
