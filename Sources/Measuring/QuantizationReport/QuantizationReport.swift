public import Bytes
public import JSON

/// A report on one run of the quantiser: a page for people, and the same figures as JSON.
///
/// `Formats/quantization-report.md` specifies the JSON. Equal contents give equal bytes; two runs
/// with equal inputs differ only in the section of timings.
public struct QuantizationReport: Sendable {
  /// The whole page, which needs no other file.
  public let html: String
  public let json: JSONValue
  /// The conclusion, in one sentence.
  public let verdict: String

  /// - Throws: anything thrown by encoding the pictures.
  public init(_ content: ReportContent) throws(Failure) {
    let sections: [any ReportSection] = [
      SizeSection(content), PictureSection(content), ClipSection(content),
      try ExampleSection(content), TensorSection(content), SensitivitySection(content),
      PassSection(content), ProvenanceSection(content), TimingSection(content),
    ]
    self.init(content, Verdict(masks: content), sections)
  }

  /// The report on a detector.
  public init(_ content: DetectorReportContent) {
    self.init(
      content, Verdict(boxes: content),
      [
        SizeSection(content), BoxSection(content), TensorSection(content), PassSection(content),
        ProvenanceSection(content),
      ])
  }

  private init(
    _ content: some ReportedRun, _ verdict: Verdict, _ sections: [any ReportSection]
  ) {
    self.verdict = verdict.line
    html =
      Page(
        title: "int8 report: \(content.output.name)", header: verdict.markup, sections: sections,
        footer: "\(content.tool). The same figures are in report.json beside this page."
      ).text
    json = .object(
      [("format", .string("sam2-quantization-report")), ("version", .integer(1))]
        + [("verdict", verdict.json)]
        + sections.map { ($0.key.description, $0.json) })
  }

  /// The report's files, by name.
  var files: [(name: String, bytes: [UInt8])] {
    [
      (ReportFolder.page, Array(html.utf8)),
      (ReportFolder.data, Array((json.text(.pretty) + "\n").utf8)),
    ]
  }
}
