import ArgumentParser
internal import Bytes
import CLISupport
import Comparison
import JSON
import Passes

/// The findings of `--bisect`, for people and for scripts.
struct BisectionListing {
  private let bisection: PassBisection

  init(_ bisection: PassBisection) { self.bisection = bisection }

  /// - Throws: exit code 1 if a stage exceeds its budget.
  func print(json: Bool) throws {
    Console.data(json ? value.text(.pretty) : lines.joined(separator: "\n"))
    if bisection.culprit != nil { throw Tool.someItemsFailed }
  }

  // MARK: - Text

  private var lines: [String] {
    let rows =
      [["pass", "class", "changes most", "by", "off in all", "mask IoU", ""]]
      + bisection.steps.map(row)
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    let table = rows.map { row in
      zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
        .joined(separator: "  ")
    }
    let verdict =
      bisection.culprit.map { "first over its budget: \($0.name)" } ?? "all within their budgets"
    return table.map { String($0.reversed().drop { $0 == " " }.reversed()) } + [verdict]
  }

  private func row(_ step: PassBisection.Step) -> [String] {
    [
      step.name, step.promise.rawValue,
      step.error.map { $0.isExact ? "nothing" : "\($0.graph) \($0.output)" } ?? "nothing",
      step.error.map(text) ?? "", step.total.map(text) ?? "", fixed(step.maskIoU, 5),
      step.isWithinBudget ? "" : "OVER",
    ]
  }

  /// A relative error as text, in decibels unless it is exact.
  private func text(_ error: OutputError) -> String {
    error.isExact ? "0" : "\(fixed(error.decibels, 1)) dB"
  }

  // MARK: - JSON

  private var value: JSONValue {
    [
      "masks": .init(bisection.maskCount),
      "first_over_budget": bisection.culprit.map { .string($0.name) } ?? .null,
      "passes": .array(bisection.steps.map(value)),
    ]
  }

  private func value(_ step: PassBisection.Step) -> JSONValue {
    [
      "pass": .string(step.name), "class": .string(step.promise.rawValue),
      "changed": .bool(step.didChange), "error": step.error.map(value) ?? .null,
      "total": step.total.map(value) ?? .null, "mask_iou": .number(step.maskIoU),
      "within_budget": .bool(step.isWithinBudget),
    ]
  }

  private func value(_ error: OutputError) -> JSONValue {
    [
      "graph": .string(error.graph), "output": .string(error.output),
      "relative": .number(error.relative), "exact": .bool(error.isExact),
    ]
  }
}
