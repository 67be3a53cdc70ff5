public import Bytes
public import GoldenPrompt
public import Graph
public import JSON
internal import JobSupport
internal import Runtime

/// Compares a run of a model with the run recorded in its file, for commands.
public struct GoldenRun {
  private let name: String
  private let machine: RunOptions
  private let common: CommonOptions

  /// `name` is the name of the file.
  public init(_ name: String, _ machine: RunOptions, _ common: CommonOptions) {
    (self.name, self.machine, self.common) = (name, machine, common)
  }

  /// The agreement of all graphs on one kernel level: the best, or the one with the given name.
  /// - Throws: `golden.*` for the first graph that differs; any error from the runtime.
  public func agreement(
    of model: Model, level: String? = nil
  ) throws(Failure) -> GoldenAgreement {
    let progress = common.progress("running", unit: "graphs")
    defer { progress.finish() }
    do throws(Failure) {
      let options = RuntimeOptions(threads: try machine.threads(), kernelLevel: level)
      let graphs = try GoldenPrompt.check(model, options: options) { progress.update($0, of: $1) }
      for graph in graphs {
        common.detail(graph.line)
        if let failure = graph.failure { throw failure }
      }
      return GoldenAgreement(graphs: graphs)
    } catch {
      throw error.about(file: name)
    }
  }
}

/// A run that reproduced the record in the file.
public struct GoldenAgreement {
  public let graphs: [GoldenPrompt.Agreement]

  /// The largest relative error of any output.
  private var error: Double { graphs.reduce(0) { max($0, $1.error) } }

  public var sentence: String {
    let integers = graphs.contains { $0.integersAgree == true } ? "the same integers, " : ""
    return "gives the results that the file records: \(integers)floats off by at most "
      + digits(error)
  }

  public var json: JSONValue {
    .object([
      ("agrees", .bool(true)),
      (
        "graphs",
        .array(
          graphs.map { graph in
            .object([
              ("graph", .string(graph.graph)),
              ("same_integers", graph.integersAgree.map { .bool($0) } ?? .null),
              ("error", .number(graph.error)), ("tolerance", .number(graph.tolerance)),
            ])
          })
      ),
    ])
  }
}

extension GoldenPrompt.Agreement {
  fileprivate var line: String {
    let integers = integersAgree.map { $0 ? ", integers equal" : ", integers differ" } ?? ""
    return "\(graph): \(output) off by \(digits(error)) of \(digits(tolerance))\(integers)"
  }
}

/// Formats a small number for people: `3.1e-06`.
private func digits(_ value: Double) -> String {
  guard value > 0, value.isFinite else { return value == 0 ? "0" : "\(value)" }
  var (mantissa, exponent) = (value, 0)
  while mantissa < 1 { (mantissa, exponent) = (mantissa * 10, exponent - 1) }
  while mantissa >= 10 { (mantissa, exponent) = (mantissa / 10, exponent + 1) }
  return "\(fixed(mantissa, 1))e\(exponent)"
}
