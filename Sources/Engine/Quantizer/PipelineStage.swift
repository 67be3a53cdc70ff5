public import Bytes
public import Passes

/// Everything that happens to a model before it runs in int8, in order: the exact and algebraic
/// passes, the budgeted stages of the quantiser, and the algebra of the runtime.
public enum PipelineStage: Sendable {
  case pass(Pass)
  case quantization(QuantizationStage)
  case execution(ExecutionStage)

  public static let all: [PipelineStage] =
    Pipeline.standard.map { .pass($0) } + QuantizationStage.allCases.map { .quantization($0) }
    + ExecutionStage.allCases.map { .execution($0) }

  /// The last stage after which nothing has been rounded yet.
  public static var lastExact: PipelineStage { .pass(.eliminateDeadCode) }

  /// - Throws: `quantize.pass` if no stage has this name.
  public init(named name: String) throws(Failure) {
    guard let stage = Self.all.first(where: { $0.name == name }) else {
      let names = Self.all.map(\.name)
      throw Failure(
        .usage, code: "quantize.pass", "there is no pass called \(name)",
        hint: (similarName(to: name, among: names).map { "did you mean \($0)? " } ?? "")
          + "sam2-quantize --passes lists them")
    }
    self = stage
  }

  public var name: String {
    switch self {
    case .pass(let pass): pass.name
    case .quantization(let stage): stage.rawValue
    case .execution(let stage): stage.rawValue
    }
  }

  public var promise: Pass.Promise {
    switch self {
    case .pass(let pass): pass.promise
    case .quantization: .budgeted
    case .execution: .algebraic
    }
  }

  public var summary: String {
    switch self {
    case .pass(let pass): pass.summary
    case .quantization(let stage): stage.summary
    case .execution(let stage): stage.summary
    }
  }

  /// The passes up to and including this stage.
  public var passes: [Pass] {
    let end = Self.all.firstIndex { $0.name == name } ?? Self.all.count - 1
    return Self.all[...end].compactMap { if case .pass(let pass) = $0 { pass } else { nil } }
  }
}
