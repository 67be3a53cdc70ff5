public import Bytes
public import Graph
public import JSON
public import Runtime

extension GoldenPrompt {
  /// The member of a file's metadata that holds the record.
  public static let metadataKey = "golden"

  private static let formula = "splitmix64-1"

  /// The record as stored in a file; records of equal graphs take equal space.
  public var json: JSONValue {
    .object([
      ("inputs", .string(Self.formula)),
      ("graphs", .array(records.map(\.json))),
    ])
  }

  /// `metadata` with this record in place of any other.
  public func added(to metadata: JSONValue) -> JSONValue {
    let others = (metadata.object ?? []).filter { $0.key != Self.metadataKey }
    return .object(others + [(Self.metadataKey, json)])
  }

  /// `metadata` for people to read, with the number of graphs in place of a record.
  public static func shortened(_ metadata: JSONValue) -> JSONValue {
    guard let members = metadata.object else { return metadata }
    return .object(
      members.map { key, value in
        guard key == metadataKey, let graphs = value["graphs"]?.array else { return (key, value) }
        return (
          key, .object([("inputs", value["inputs"] ?? .null), ("graphs", JSONValue(graphs.count))])
        )
      })
  }

  /// The record in a file.
  /// - Throws: `golden.missing` if there is no record, `golden.formula` for one with other inputs,
  ///   `json.*` and `golden.record` for one that cannot be read.
  public init(metadata: JSONValue) throws(Failure) {
    guard let record = metadata[Self.metadataKey] else {
      throw Failure(
        .badInput, code: "golden.missing", "the file holds no golden prompt",
        hint: "an earlier version wrote it, or --no-golden was given: convert or quantise again")
    }
    let formula = try record.requiredString("inputs")
    guard formula == Self.formula else {
      throw Failure(
        .badInput, code: "golden.formula",
        "the golden prompt has inputs of the kind \(printable(formula)), which this version does "
          + "not know", hint: "use the version that made the file, or a later one")
    }
    var records: [Record] = []
    for graph in try record.requiredArray("graphs") { records.append(try Record(graph)) }
    self.init(records: records)
  }

  /// Runs `model` and compares the results with those recorded in its file.
  /// - Throws: `golden.*`; what the runtime refuses.
  public static func check(
    _ model: Model, options: RuntimeOptions = .init(),
    progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) throws(Failure) -> [Agreement] {
    let recorded = try GoldenPrompt(metadata: model.metadata)
    return try GoldenPrompt(running: model, options: options, progress: progress)
      .agreement(with: recorded)
  }

  /// The same, for callers that continue only if nothing differs.
  /// - Throws: as `check`; `golden.differs` for the first graph that does.
  public static func require(of model: Model, options: RuntimeOptions = .init()) throws(Failure) {
    for graph in try check(model, options: options) {
      if let failure = graph.failure { throw failure }
    }
  }
}

extension GoldenPrompt.Record {
  fileprivate var json: JSONValue {
    .object([
      ("graph", .string(graph)), ("integers", integers.map { .string($0) } ?? .null),
      (
        "outputs",
        .array(
          outputs.map { output in
            .object([
              ("name", .string(output.name)),
              ("elements", .string(([output.size] + output.sample).map(\.digits).joined())),
            ])
          })
      ),
    ])
  }

  fileprivate init(_ json: JSONValue) throws(Failure) {
    graph = try json.requiredString("graph")
    let integers = try json.required("integers")
    self.integers = integers.string
    guard integers == .null || integers.string?.utf8.count == 64 else {
      throw GoldenPrompt.unreadable(graph)
    }
    var outputs: [GoldenPrompt.Output] = []
    for output in try json.requiredArray("outputs") {
      guard let elements = [Float](digits: try output.requiredString("elements")),
        let size = elements.first, elements.count <= GoldenPrompt.sampleLimit + 1
      else { throw GoldenPrompt.unreadable(graph) }
      outputs.append(
        .init(
          name: try output.requiredString("name"), size: size,
          sample: Array(elements.dropFirst())))
    }
    self.outputs = outputs
  }
}

extension GoldenPrompt {
  fileprivate static func unreadable(_ graph: String) -> Failure {
    Failure(
      .badInput, code: "golden.record", "the golden prompt cannot be read",
      place: "graph \(printable(graph))", hint: "convert or quantise the model again")
  }
}

extension Float {
  /// The bits as eight hexadecimal digits: exact, and always the same length.
  fileprivate var digits: String {
    let text = String(bitPattern, radix: 16)
    return String(repeating: "0", count: 8 - text.utf8.count) + text
  }
}

extension [Float] {
  /// Reads groups of eight digits; nil for anything else.
  fileprivate init?(digits text: String) {
    let digits = [UInt8](text.utf8)
    guard digits.count.isMultiple(of: 8) else { return nil }
    self = []
    reserveCapacity(digits.count / 8)
    for start in stride(from: 0, to: digits.count, by: 8) {
      var bits: UInt32 = 0
      for digit in digits[start..<(start + 8)] {
        guard let value = Character(UnicodeScalar(digit)).hexDigitValue else { return nil }
        bits = bits << 4 | UInt32(value)
      }
      append(Float(bitPattern: bits))
    }
  }
}
