public import Bytes
internal import CKernels
internal import Glibc

/// The SIMD kernels in use: those of the best level of this machine, or of another one by choice.
public struct KernelTable: @unchecked Sendable {
  // Unchecked: nothing writes to a table once it exists.
  let functions: UnsafePointer<sam2_kernels>

  /// Environment variable that forces a level, for tests and for doubtful machines.
  public static let environmentVariable = "SAM2_ISA"

  /// Levels of this architecture, better ones later.
  public static var levelNames: [String] { KernelLevel.all.map(\.name) }

  /// Levels that can run here, better ones later.
  public static var availableLevels: [String] {
    KernelLevel.all.filter(\.runsHere).map(\.name)
  }

  /// Levels that tests run: those that can run here, then those emulated.
  public static var testedLevels: [String] {
    availableLevels + KernelLevel.emulated.filter(\.runsHere).map(\.name)
  }

  /// The level called `name`, else the one in the environment, else the best that runs here.
  /// - Throws: `cpu.level` when the level is unknown or cannot run here.
  public init(level name: String? = nil) throws(Failure) {
    let name = name ?? getenv(Self.environmentVariable).map { String(cString: $0) }
    let emulated = KernelLevel.emulated.first { $0.name == name && $0.runsHere }
    let level = if let emulated { emulated } else { try KernelLevel.all.level(name) }
    guard let functions = level.functions else {
      throw Failure(.internalError, code: "cpu.level", "a level that runs has no kernels")
    }
    self.functions = functions
  }

  private init(functions: UnsafePointer<sam2_kernels>) { self.functions = functions }

  /// The same kernels with a clock around products and attention, for `productSeconds`.
  ///
  /// Itself when another level is being clocked: a process clocks one.
  var clockingProducts: KernelTable {
    guard let clocked = sam2_clocked_products(functions) else { return self }
    return KernelTable(functions: clocked)
  }

  /// Thread-seconds that clocked kernels of this process took so far.
  static var productSeconds: Double { Double(sam2_product_nanoseconds()) / 1e9 }

  public var name: String { String(cString: functions.pointee.name) }

  /// The numbers that a product multiplies.
  public enum Operands: Sendable {
    case float(FloatArithmetic)
    case int8
  }

  /// Multiply-accumulates per second that one core reaches with operands in registers.
  public func measurePeak(_ operands: Operands, seconds: Double = 0.05) -> Double {
    let loop =
      switch operands {
      case .float(.float32): functions.pointee.peak_f32
      case .float(.bfloat16): functions.pointee.peak_bf16
      case .int8: functions.pointee.peak_s8
      }
    guard let run = loop else { return 0 }
    var iterations: UInt64 = 100_000
    while true {
      let start = monotonicSeconds()
      let operations = run(iterations)
      let elapsed = monotonicSeconds() - start
      if elapsed >= seconds { return Double(operations) / elapsed }
      iterations *= 2
    }
  }
}
