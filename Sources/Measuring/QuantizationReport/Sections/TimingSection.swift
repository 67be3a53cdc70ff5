internal import Comparison
internal import JSON

/// The time both models took: the only section whose figures vary from run to run.
struct TimingSection: ReportSection {
  let key: StaticString = "timings"
  let title = "Timings"

  private let clocks: StageClocks

  init(_ content: ReportContent) { clocks = content.comparison.clocks }

  // MARK: - Page

  var body: [Markup] {
    let machine =
      "\(clocks.kernelLevel) kernels, \(Figure.plural(clocks.threadCount, "thread")); a core "
      + "reaches \(Figure.text(clocks.peakFloat / 1e9, 1)) GMAC/s in float32 and "
      + "\(Figure.text(clocks.peakInt8 / 1e9, 1)) in int8 with operands in registers, measured in "
      + "this run."
    let explanation =
      "Taken while the models were compared, medians of the runs with the fullest memory. Of peak: "
      + "the time that the products take at the measured peak of all threads, over the time that "
      + "they took. These figures, and no others of this report, differ from run to run."
    return [
      .element("p", machine), note(explanation), table("Tasks", isGraph: false),
      table("Graphs", isGraph: true),
    ]
  }

  private func table(_ caption: String, isGraph: Bool) -> Markup {
    Table(
      caption: caption,
      columns: [
        .init(title: isGraph ? "graph" : "task"),
        .init(title: "float32", isNumber: true, help: "median in ms"),
        .init(title: "of peak", isNumber: true), .init(title: "int8", isNumber: true),
        .init(title: "of peak", isNumber: true), .init(title: "faster", isNumber: true),
        .init(title: "GMAC", isNumber: true), .init(title: "in int8", isNumber: true),
        .init(title: "runs", isNumber: true),
      ],
      rows: clocks.rows.filter { $0.isGraph == isGraph }.map(row)
    ).markup
  }

  private func row(_ row: StageClocks.Row) -> [Table.Cell] {
    let (old, new) = (row.reference, row.candidate)
    let ratio = old.flatMap { old in
      new.map { old.medianMilliseconds / max($0.medianMilliseconds, 1e-9) }
    }
    let work = new.map { $0.floatGMAC + $0.int8GMAC }
    let share = new.flatMap { new in
      work.flatMap { $0 > 0 ? Figure.percent(new.int8GMAC / $0, 0) : nil }
    }
    return [
      .init(row.name), .init(milliseconds(old)), .init(peak(old)), .init(milliseconds(new)),
      .init(peak(new)), .init(ratio.map { "\(Figure.text($0, 2))×" } ?? "–"),
      .init(Figure.text(work, 3)), .init(share ?? "–"),
      .init(new.map { Figure.count($0.runs) } ?? "–"),
    ]
  }

  private func milliseconds(_ times: StageClocks.Times?) -> String {
    times.map { "\(Figure.text($0.medianMilliseconds, 2)) ms" } ?? "–"
  }

  private func peak(_ times: StageClocks.Times?) -> String {
    times.map { Figure.percent($0.shareOfPeak) } ?? "–"
  }

  // MARK: - Data

  var json: JSONValue {
    [
      "kernel_level": .string(clocks.kernelLevel), "threads": .init(clocks.threadCount),
      "peak_gmacs_per_core": [
        "float32": Figure.json(clocks.peakFloat / 1e9, 2),
        "int8": Figure.json(clocks.peakInt8 / 1e9, 2),
      ],
      "rows": .array(
        clocks.rows.map { row in
          [
            "name": .string(row.name), "graph": .bool(row.isGraph),
            "float32": row.reference.map(json) ?? .null, "int8": row.candidate.map(json) ?? .null,
          ]
        }),
    ]
  }

  private func json(_ times: StageClocks.Times) -> JSONValue {
    [
      "runs": .init(times.runs), "p50_ms": Figure.json(times.medianMilliseconds, 4),
      "p95_ms": Figure.json(times.p95Milliseconds, 4),
      "gmac_float32": Figure.json(times.floatGMAC, 6), "gmac_int8": Figure.json(times.int8GMAC, 6),
      "share_of_peak": Figure.json(times.shareOfPeak, 4),
    ]
  }
}
