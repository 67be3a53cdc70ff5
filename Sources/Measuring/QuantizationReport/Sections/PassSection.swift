internal import JSON
internal import Passes
internal import Quantizer

/// The changes caused by each pass.
struct PassSection: ReportSection {
  let key: StaticString = "passes"
  let title = "Passes"

  private let log: [Pipeline.Entry]

  init(_ content: some ReportedRun) { log = content.log }

  private func promise(_ entry: Pipeline.Entry) -> String {
    PipelineStage.all.first { $0.name == entry.pass }?.promise.rawValue ?? "–"
  }

  // MARK: - Page

  var body: [Markup] {
    guard !log.isEmpty else { return [note("No pass changed anything.")] }
    let table = Table(
      caption: "Every pass that changed a graph, in order",
      columns: [
        .init(title: "pass"), .init(title: "class"), .init(title: "graph"),
        .init(title: "nodes", isNumber: true, help: "before and after"),
        .init(title: "what it matched", wraps: true),
        .init(title: "what it made", wraps: true), .init(title: "layers"),
      ],
      rows: log.map { entry in
        [
          .init(entry.pass), .init(.element("span", ["class": "tag"], promise(entry))),
          .init(entry.graph), .init("\(entry.nodesBefore) → \(entry.nodesAfter)"),
          .init(list(entry.change.removed)), .init(list(entry.change.added)),
          .init(layers(entry)),
        ]
      })
    return [
      note(
        "Exact passes keep every bit, algebraic ones what real numbers would give (relative error "
          + "at most 1e-5), budgeted ones round and are measured above."), table.markup,
    ]
  }

  private func list(_ rows: [GraphChange.Row]) -> String {
    rows.isEmpty ? "–" : rows.map { "\($0.count) × \($0.kind)" }.joined(separator: ", ")
  }

  private func layers(_ entry: Pipeline.Entry) -> Markup {
    let layers = entry.change.layers
    guard !layers.isEmpty else { return Markup("–") }
    return .element(
      "details",
      [
        .element("summary", Figure.plural(layers.count, "layer")),
        .element("ul", layers.map { .element("li", [.name($0)]) }),
      ])
  }

  // MARK: - Data

  var json: JSONValue {
    .array(
      log.map { entry in
        [
          "pass": .string(entry.pass), "class": .string(promise(entry)),
          "graph": .string(entry.graph), "nodes_before": .init(entry.nodesBefore),
          "nodes_after": .init(entry.nodesAfter), "removed": json(entry.change.removed),
          "added": json(entry.change.added),
          "layers": .array(entry.change.layers.map { .string($0) }),
        ]
      })
  }

  private func json(_ rows: [GraphChange.Row]) -> JSONValue {
    .array(rows.map { ["op": .string($0.kind), "count": .init($0.count)] })
  }
}
