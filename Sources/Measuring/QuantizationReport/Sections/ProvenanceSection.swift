internal import Bytes
internal import Calibration
internal import JSON
internal import JobSupport

/// The inputs with their hashes, and the command that reproduces the result.
struct ProvenanceSection: ReportSection {
  let key: StaticString = "provenance"
  let title = "How to make it again"

  private let content: any ReportedRun

  init(_ content: some ReportedRun) { self.content = content }

  // MARK: - Page

  var body: [Markup] {
    [
      .element("pre", ["tabindex": "0"], [.element("code", Self.line(content.command))]),
      files,
      note("Equal inputs give equal files, byte for byte, and equal figures in this report."),
    ] + calibration + recipe
  }

  /// The words, quoted for a shell.
  static func line(_ words: [String]) -> String {
    let plain = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./,:=@%+")
    return words.map { word in
      !word.isEmpty && word.allSatisfy { plain.contains($0) }
        ? word
        : "'"
          + word.split(separator: "'", omittingEmptySubsequences: false)
          .joined(separator: "'\\''") + "'"
    }.joined(separator: " ")
  }

  private var files: Markup {
    Table(
      caption: "Files",
      columns: [
        .init(title: "file"), .init(title: "name"), .init(title: "bytes", isNumber: true),
        .init(title: "SHA-256"),
      ],
      rows: [("model", content.input), ("result", content.output)].map { what, file in
        [
          .init(what), .init(file.name), .init(file.byteCount),
          .init(.element("code", ["class": "hash"], file.sha256)),
        ]
      }
    ).markup
  }

  private var calibration: [Markup] {
    guard let calibrated = content.calibration else {
      return [note("No calibration inputs were given.")]
    }
    var parts = [
      Table(
        caption: "Calibration inputs",
        columns: [
          .init(title: "name"), .init(title: "kind"), .init(title: "used for"),
          .init(title: "SHA-256"),
        ],
        rows: calibrated.sources.map { source in
          [
            .init(source.name), .init(source.kind.rawValue),
            .init(use(of: source, in: calibrated)),
            .init(.element("code", ["class": "hash"], source.sha256)),
          ]
        }
      ).markup
    ]
    if !calibrated.skipped.isEmpty {
      let items = calibrated.skipped.map { Markup.element("li", Self.text($0)) }
      parts.append(.element("p", ["class": "warning"], "Skipped:"))
      parts.append(.element("ul", items))
    }
    return parts
  }

  /// If there are few inputs of a kind, all are used both to calibrate and to measure.
  private func use(
    of source: CalibratedModel.Source, in calibrated: ReportedCalibration
  ) -> String {
    guard source.isHeldOut else { return "calibrating" }
    let isShared = calibrated.sources.allSatisfy { $0.kind != source.kind || $0.isHeldOut }
    return isShared ? "both" : "measuring"
  }

  private var recipe: [Markup] {
    guard let recipe = content.recipe else { return [] }
    return [
      .element(
        "details",
        [
          .element("summary", "the recipe"),
          .element("pre", ["tabindex": "0"], [.element("code", recipe.text(.pretty))]),
        ])
    ]
  }

  /// An input's failure, without the folder.
  private static func text(_ failure: Failure) -> String {
    (failure.file.map { fileName($0) + ": " } ?? "") + failure.message
  }

  // MARK: - Data

  var json: JSONValue {
    [
      "tool": .string(content.tool), "command": .array(content.command.map { .string($0) }),
      "input": json(content.input), "output": json(content.output),
      "recipe": content.recipe ?? .null,
      "minimum_iou": content.minimumIoU.map { .number($0) } ?? .null,
      "calibration": content.calibration.map(json) ?? .null,
    ]
  }

  private func json(_ file: ReportedFile) -> JSONValue {
    [
      "name": .string(file.name), "bytes": .init(file.byteCount), "sha256": .string(file.sha256),
    ]
  }

  private func json(_ calibrated: ReportedCalibration) -> JSONValue {
    [
      "held_out": .bool(calibrated.isHeldOut),
      "sources": .array(
        calibrated.sources.map { source in
          [
            "name": .string(source.name), "kind": .string(source.kind.rawValue),
            "held_out": .bool(source.isHeldOut), "sha256": .string(source.sha256),
          ]
        }),
      "skipped": .array(calibrated.skipped.map { .string(Self.text($0)) }),
      "returned_to_float": .array(calibrated.fallback.map { .string($0) }),
    ]
  }
}
