package import Bytes
internal import CKernels
internal import Glibc

/// A set of CPU features that some kernels are written for, and whether they can run here.
public struct KernelLevel: @unchecked Sendable {
  // Unchecked: nothing writes to a table once it exists.
  let functions: UnsafePointer<sam2_kernels>?

  public let name: String
  /// Features that this CPU does not have.
  public let lacks: [String]
  /// The answer of a system that denies the process a part of the CPU.
  public let refusal: String?

  /// Every level of this architecture, better ones later.
  public static let all: [KernelLevel] = {
    var count = 0
    let levels = UnsafeBufferPointer(start: sam2_levels(&count), count: count)
    return levels.map(KernelLevel.init)
  }()

  /// Levels for tests: kernels of other levels, with portable code in place of their instructions.
  ///
  /// They run only when asked for by name, and are not levels of this machine.
  static let emulated: [KernelLevel] = {
    var count = 0
    let levels = UnsafeBufferPointer(start: sam2_emulated_levels(&count), count: count)
    return levels.map(KernelLevel.init)
  }()

  /// Features of this CPU, of those that levels ask for.
  public static var cpuFeatures: [String] { names(of: sam2_cpu_features()) }

  public var runsHere: Bool { functions != nil }

  private init(_ level: sam2_level) {
    functions = level.kernels
    name = String(cString: level.name)
    lacks = Self.names(of: level.lacks)
    refusal = level.refusal == 0 ? nil : String(cString: strerror(level.refusal))
  }

  /// A level that cannot run.
  package init(name: String, lacks: [String], refusal: String? = nil) {
    (self.name, self.lacks, self.refusal) = (name, lacks, refusal)
    functions = nil
  }

  private static func names(of features: UInt32) -> [String] {
    (0..<UInt32.bitWidth).map { 1 << $0 }.filter { features & $0 != 0 }
      .compactMap { sam2_feature_name($0).map { String(cString: $0) } }
  }

  /// "runs here", or the reason why it does not.
  public var status: String {
    if let refusal { return "refused by the system: \(refusal)" }
    if !lacks.isEmpty { return "this CPU lacks \(lacks.joined(separator: ", "))" }
    return "runs here"
  }
}

extension [KernelLevel] {
  /// The level called `name`, or the last that runs here.
  /// - Throws: `cpu.level` when no level of that name runs here.
  package func level(_ name: String?) throws(Failure) -> KernelLevel {
    guard let name else {
      if let best = last(where: \.runsHere) { return best }
      throw Failure(.internalError, code: "cpu.level", "no kernels for this CPU")
    }
    let level = first { $0.name == name }
    if let level, level.runsHere { return level }
    let reason = level?.status ?? "there is no level of that name on this architecture"
    let possible = filter(\.runsHere).map(\.name).joined(separator: ", ")
    throw Failure(
      .usage, code: "cpu.level",
      "kernel level \(name) is not available here: \(reason)",
      hint: "\(KernelTable.environmentVariable) may be one of: \(possible)")
  }
}
