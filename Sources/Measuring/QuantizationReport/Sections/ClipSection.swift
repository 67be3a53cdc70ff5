internal import Comparison
internal import Graph
internal import JSON

/// How the masks of tracked objects drift apart.
struct ClipSection: ReportSection {
  let key: StaticString = "clips"
  let title = "Video"

  private let clips: [ClipAgreement]
  private let origin: ReportContent.Origin
  private let canTrack: Bool
  let summary: ClipSummary

  init(_ content: ReportContent) {
    clips = content.comparison.clips
    origin = content.clipOrigin
    canTrack = content.after.graph("attend_memory") != nil
    summary = ClipSummary(clips)
  }

  // MARK: - Page

  var body: [Markup] {
    guard canTrack else {
      return [note("Not measured: the file holds no memory and cannot track.")]
    }
    var parts = [note(explanation)]
    guard !clips.isEmpty else { return parts }
    parts.append(figures)
    return parts + clips.flatMap(part)
  }

  private var explanation: String {
    let runs =
      "Free running: each model continues from its own memory, so that errors can add up. Teacher "
      + "forced: int8 gets the memory of float32 before each frame, so that only the error of that "
      + "frame remains. IoU of int8 with float32."
    switch origin {
    case .heldOut: return "Clips that took no part in calibration. " + runs
    case .calibration:
      return "Too few clips were given to keep any out of calibration: these were seen by it. "
        + runs
    case .sample:
      return "No clip was given, so one of the built-in sample scene is used, whose true masks are "
        + "known. It is not representative of films: give some with --calibrate. " + runs
    }
  }

  private var figures: Markup {
    var rows = [
      ("mean IoU, free", Figure.iou(summary.free)),
      ("minimum, free", Figure.iou(summary.minimumFree)),
      ("mean IoU, forced", Figure.iou(summary.forced)),
      ("minimum, forced", Figure.iou(summary.minimumForced)),
      ("masks", Figure.count(summary.maskCount)),
    ]
    if let truth = summary.truth {
      rows.append(("IoU with the truth, float32", Figure.iou(truth.reference)))
      rows.append(("IoU with the truth, int8", Figure.iou(truth.candidate)))
    }
    return .facts(rows)
  }

  private func part(_ clip: ClipAgreement) -> [Markup] {
    let (free, forced) = (clip.curve(\.free), clip.curve(\.forced))
    let label =
      "IoU of int8 with float32 on each of \(clip.frameCount) frames of \(clip.name), mean of "
      + "\(clip.objects.count) objects: free running from \(Figure.iou(free.first)) to "
      + "\(Figure.iou(free.last)), teacher forced at least \(Figure.iou(forced.min()))"
    let chart = LineChart(
      label: label,
      series: [
        .init(name: "free running", style: "free", values: free),
        .init(name: "teacher forced", style: "forced", values: forced),
      ])
    return [.element("h3", clip.name), chart.markup, objects(of: clip), frames(free, forced)]
  }

  private func objects(of clip: ClipAgreement) -> Markup {
    let truths: [Table.Column] = summary.truth == nil ? [] : TruthAgreement.columns
    return Table(
      caption: "Objects of \(clip.name)",
      columns: [
        .init(title: "object"), .init(title: "frames", isNumber: true),
        .init(title: "free, mean", isNumber: true), .init(title: "minimum", isNumber: true),
        .init(title: "last frame", isNumber: true), .init(title: "forced, mean", isNumber: true),
        .init(title: "minimum", isNumber: true),
      ] + truths,
      rows: clip.objects.map { object in
        let truth = TruthAgreement.mean(object.truths)
        return [
          .init("\(object.id)"), .init(object.free.count), .init(Figure.mean(object.free), 4),
          .init(object.free.min(), 4), .init(object.free.last, 4),
          .init(Figure.mean(object.forced), 4), .init(object.forced.min(), 4),
        ] + (truths.isEmpty ? [] : TruthAgreement.cells(truth))
      }
    ).markup
  }

  /// The numbers for the curves, collapsed.
  private func frames(_ free: [Double], _ forced: [Double]) -> Markup {
    let table = Table(
      caption: "IoU frame by frame, mean over objects",
      columns: [
        .init(title: "frame"), .init(title: "free", isNumber: true),
        .init(title: "forced", isNumber: true),
      ],
      rows: zip(free, forced).enumerated().map { frame, pair in
        [.init("\(frame)"), .init(pair.0, 4), .init(pair.1, 4)]
      })
    return .element("details", [.element("summary", "frame by frame"), table.markup])
  }

  // MARK: - Data

  var json: JSONValue {
    [
      "origin": .string(origin.rawValue), "masks": .init(summary.maskCount),
      "free_mean_iou": Figure.json(summary.free, 6),
      "free_least_iou": Figure.json(summary.minimumFree, 6),
      "forced_mean_iou": Figure.json(summary.forced, 6),
      "forced_least_iou": Figure.json(summary.minimumForced, 6),
      "truth": summary.truth?.json ?? .null, "clips": .array(clips.map(json)),
    ]
  }

  private func json(_ clip: ClipAgreement) -> JSONValue {
    func list(_ values: [Double]) -> JSONValue { .array(values.map { Figure.json($0, 6) }) }
    return [
      "name": .string(clip.name), "frames": .init(clip.frameCount),
      "objects": .array(
        clip.objects.map { object in
          [
            "object": .init(object.id), "free_iou": list(object.free),
            "forced_iou": list(object.forced),
            "truth": TruthAgreement.mean(object.truths)?.json ?? .null,
          ]
        }),
    ]
  }
}

/// Figures over all clips, with each object and frame counting once.
struct ClipSummary {
  private let allFree: [Double]
  private let allForced: [Double]
  let truth: TruthAgreement?

  init(_ clips: [ClipAgreement]) {
    let objects = clips.flatMap(\.objects)
    allFree = objects.flatMap(\.free)
    allForced = objects.flatMap(\.forced)
    truth = TruthAgreement.mean(objects.flatMap(\.truths))
  }

  var free: Double? { Figure.mean(allFree) }
  var minimumFree: Double? { allFree.min() }
  var forced: Double? { Figure.mean(allForced) }
  var minimumForced: Double? { allForced.min() }
  var maskCount: Int { allFree.count }
}
