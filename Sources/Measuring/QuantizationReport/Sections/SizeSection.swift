internal import Graph
internal import JSON
internal import Tensors

/// Bytes in each part of the model, before and after.
struct SizeSection: ReportSection {
  let key: StaticString = "sizes"
  let title = "Sizes"

  /// Bytes in one part, by storage type.
  private struct Part {
    let name: String
    var before: [DType: Int] = [:]
    var after: [DType: Int] = [:]

    var bytesBefore: Int { before.values.reduce(0, +) }
    var bytesAfter: Int { after.values.reduce(0, +) }
  }

  private let parts: [Part]
  private let fileBefore: Int
  private let fileAfter: Int

  /// Parts, with the graphs that use their weights, in page order.
  private static let graphs: [(part: String, graphs: [String])] = [
    ("image encoder", ["encode_image"]),
    ("memory attention", ["attend_memory", "attend_pooled_memory"]),
    ("memory encoder", ["encode_memory", "upscale_masks", "mask_as_output"]),
    ("object pointers", ["project_pointer", "pointer_positions"]),
    ("prompt encoder", ["encode_prompts", "encode_mask_prompt"]),
    ("mask decoder", ["prepare_decoder", "decode_masks"]),
    ("constants", ["constants"]), ("picture tower", ["find_boxes"]),
    ("text tower", ["encode_text"]), ("matching of texts", ["match_queries"]),
  ]
  private static let other = "other"

  init(_ content: some ReportedRun) {
    var parts = (Self.graphs.map(\.part) + [Self.other]).map { Part(name: $0) }
    for (name, type, count) in Self.weights(of: content.before) {
      if let index = parts.firstIndex(where: { $0.name == name }) {
        parts[index].before[type, default: 0] += count
      }
    }
    for (name, type, count) in Self.weights(of: content.after) {
      if let index = parts.firstIndex(where: { $0.name == name }) {
        parts[index].after[type, default: 0] += count
      }
    }
    self.parts = parts.filter { $0.bytesBefore + $0.bytesAfter > 0 }
    fileBefore = content.input.byteCount
    fileAfter = content.output.byteCount
  }

  /// The part, storage type and bytes of each weight; one shared by several parts counts in the
  /// first.
  private static func weights(of model: Model) -> [(part: String, type: DType, bytes: Int)] {
    var users: [String: String] = [:]
    for (part, names) in graphs {
      for graph in model.graphs where names.contains(graph.name) {
        for weight in graph.weightNames where users[weight] == nil { users[weight] = part }
      }
    }
    return model.weights.names.compactMap { name in
      model.weights[name].map { (users[name] ?? other, $0.dtype, $0.byteCount) }
    }
  }

  /// Non-weight bytes: graphs, names, metadata, padding.
  private var overhead: (before: Int, after: Int) {
    (
      fileBefore - parts.reduce(0) { $0 + $1.bytesBefore },
      fileAfter - parts.reduce(0) { $0 + $1.bytesAfter }
    )
  }

  // MARK: - Page

  var body: [Markup] {
    let largest = Double(parts.map { max($0.bytesBefore, $0.bytesAfter) }.max() ?? 1)
    var rows = parts.map { part in
      row(
        part.name, part.bytesBefore, part.bytesAfter, bars(part, largest),
        types(part.after))
    }
    rows.append(
      row("graphs, names, metadata", overhead.before, overhead.after, Markup(""), ""))
    rows.append(row("the file", fileBefore, fileAfter, Markup(""), ""))
    let table = Table(
      caption: "Bytes by part",
      columns: [
        .init(title: "part"), .init(title: "before", isNumber: true),
        .init(title: "after", isNumber: true),
        .init(title: "of it", isNumber: true, help: "after, as a share of before"),
        .init(title: "before and after"), .init(title: "stored as"),
      ], rows: rows)
    return [table.markup]
  }

  private func row(
    _ name: String, _ before: Int, _ after: Int, _ bars: Markup, _ types: String
  ) -> [Table.Cell] {
    [
      .init(name), .init(Figure.bytes(before)), .init(Figure.bytes(after)),
      .init(before > 0 ? Figure.percent(Double(after) / Double(before)) : "–"), .init(bars),
      .init(types),
    ]
  }

  private func bars(_ part: Part, _ largest: Double) -> Markup {
    .element(
      "div", ["class": "bars"],
      [
        .bar(Double(part.bytesBefore) / largest, "bar before"),
        .bar(Double(part.bytesAfter) / largest, "bar after"),
      ])
  }

  private func types(_ bytes: [DType: Int]) -> String {
    let sum = Double(max(1, bytes.values.reduce(0, +)))
    return bytes.sorted { ($1.value, $0.key.name) < ($0.value, $1.key.name) }
      .map { "\($0.key.name) \(Figure.percent(Double($0.value) / sum, 0))" }
      .joined(separator: ", ")
  }

  // MARK: - Data

  var json: JSONValue {
    [
      "file_bytes": pair(fileBefore, fileAfter),
      "weight_bytes": pair(
        parts.reduce(0) { $0 + $1.bytesBefore }, parts.reduce(0) { $0 + $1.bytesAfter }),
      "other_bytes": pair(overhead.before, overhead.after),
      "parts": .array(
        parts.map { part in
          [
            "part": .string(part.name), "bytes": pair(part.bytesBefore, part.bytesAfter),
            "stored_before": json(part.before), "stored_after": json(part.after),
          ]
        }),
    ]
  }

  private func pair(_ before: Int, _ after: Int) -> JSONValue {
    ["before": .init(before), "after": .init(after)]
  }

  private func json(_ bytes: [DType: Int]) -> JSONValue {
    .object(bytes.sorted { $0.key.name < $1.key.name }.map { ($0.key.name, .init($0.value)) })
  }
}
