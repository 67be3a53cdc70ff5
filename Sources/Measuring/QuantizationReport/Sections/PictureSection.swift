internal import Comparison
internal import JSON

/// How closely the masks of pictures agree.
struct PictureSection: ReportSection {
  let key: StaticString = "pictures"
  let title = "Pictures"

  private let pictures: [PictureAgreement]
  private let origin: ReportContent.Origin
  let summary: PictureSummary

  init(_ content: ReportContent) {
    pictures = content.comparison.pictures
    origin = content.pictureOrigin
    summary = PictureSummary(pictures)
  }

  // MARK: - Page

  var body: [Markup] {
    var parts = [note(explanation)]
    guard !pictures.isEmpty else { return parts }
    parts.append(figures)
    if !summary.ious.isEmpty { parts.append(Histogram(summary.ious).markup) }
    parts.append(table.markup)
    return parts
  }

  private var explanation: String {
    let asked =
      "each asked about with a click and a box an object. IoU is that of the decoder's masks, int8 "
      + "with float32, before they are enlarged."
    switch origin {
    case .heldOut: return "Pictures that took no part in calibration, " + asked
    case .calibration:
      return "Too few pictures were given to keep any out of calibration: these were seen by it, "
        + asked
    case .sample:
      return "No pictures were given, so scenes of the built-in sample are used, whose true masks "
        + "are known, \(asked) They are not representative of photographs: give some with "
        + "--calibrate."
    }
  }

  private var figures: Markup {
    var rows = [
      ("mean IoU", Figure.iou(summary.mean)), ("5th percentile", Figure.iou(summary.percentile5)),
      ("minimum", Figure.iou(summary.minimum)), ("masks", Figure.count(summary.ious.count)),
      ("image features", Figure.decibels(summary.featureSQNR)),
    ]
    if let truth = summary.truth {
      rows.append(("IoU with the truth, float32", Figure.iou(truth.reference)))
      rows.append(("IoU with the truth, int8", Figure.iou(truth.candidate)))
    }
    return .facts(rows)
  }

  private var table: Table {
    let truths: [Table.Column] =
      summary.truth == nil ? [] : TruthAgreement.columns
    return Table(
      caption: "Each picture",
      columns: [
        .init(title: "picture", wraps: true), .init(title: "size"),
        .init(title: "masks", isNumber: true), .init(title: "mean IoU", isNumber: true),
        .init(title: "minimum", isNumber: true),
        .init(title: "features", isNumber: true, help: "SQNR of the image features in dB"),
      ] + truths,
      rows: pictures.map { picture in
        let ious = picture.masks.map(\.iou)
        let truth = TruthAgreement.mean(picture.masks.compactMap(\.truth))
        return [
          .init(picture.name), .init("\(picture.width)×\(picture.height)"), .init(ious.count),
          .init(Figure.mean(ious), 4), .init(ious.min(), 4), .init(picture.featureSQNR, 1),
        ] + (truths.isEmpty ? [] : TruthAgreement.cells(truth))
      }, isSortable: true)
  }

  // MARK: - Data

  var json: JSONValue {
    [
      "origin": .string(origin.rawValue), "masks": .init(summary.ious.count),
      "mean_iou": Figure.json(summary.mean, 6),
      "percentile_5_iou": Figure.json(summary.percentile5, 6),
      "least_iou": Figure.json(summary.minimum, 6),
      "features_sqnr_db": Figure.json(summary.featureSQNR, 2),
      "truth": summary.truth?.json ?? .null, "pictures": .array(pictures.map(json)),
    ]
  }

  private func json(_ picture: PictureAgreement) -> JSONValue {
    [
      "name": .string(picture.name), "width": .init(picture.width),
      "height": .init(picture.height), "features_sqnr_db": Figure.json(picture.featureSQNR, 2),
      "masks": .array(
        picture.masks.map { mask in
          [
            "prompt": .string(mask.prompt), "iou": Figure.json(mask.iou, 6),
            "truth": mask.truth?.json ?? .null,
          ]
        }),
    ]
  }
}

/// Figures over all pictures.
struct PictureSummary {
  let ious: [Double]
  /// The minimum over all pictures, in dB; nil without pictures.
  let featureSQNR: Double?
  let truth: TruthAgreement?

  init(_ pictures: [PictureAgreement]) {
    ious = pictures.flatMap { $0.masks.map(\.iou) }
    featureSQNR = pictures.map(\.featureSQNR).min()
    truth = TruthAgreement.mean(pictures.flatMap { $0.masks.compactMap(\.truth) })
  }

  var mean: Double? { Figure.mean(ious) }
  var minimum: Double? { ious.min() }
  var percentile5: Double? { Figure.percentile(0.05, ious) }
}

extension TruthAgreement {
  /// Table columns for when the truth is known.
  static var columns: [Table.Column] {
    ["float32", "int8"].map {
      .init(title: "truth, \($0)", isNumber: true, help: "mean IoU with the true masks")
    }
  }

  static func cells(_ truth: TruthAgreement?) -> [Table.Cell] {
    [.init(truth?.reference, 4), .init(truth?.candidate, 4)]
  }

  var json: JSONValue {
    ["float32": Figure.json(reference, 6), "int8": Figure.json(candidate, 6)]
  }
}

extension Markup {
  /// Names and figures as a row of cards.
  static func facts(_ rows: [(name: String, value: String)]) -> Markup {
    .element(
      "dl", ["class": "facts"],
      rows.map { name, value in
        .element("div", [.element("dt", name), .element("dd", value)])
      })
  }
}
