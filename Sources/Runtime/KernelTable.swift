public import Bytes
internal import CKernels
internal import Glibc

/// The SIMD kernels in use: the best level of this CPU, or a lower one by choice.
public struct KernelTable: @unchecked Sendable {
  // Unchecked: the table is a C constant that nothing writes to.
  let functions: UnsafePointer<sam2_kernels>

  /// Environment variable that forces a level, for tests and for doubtful machines.
  public static let environmentVariable = "SAM2_ISA"

  /// Level names, lowest first.
  public static let levelNames = ["scalar", "avx2", "avx512", "avx512-vnni"]

  /// The level called `name`, else the one in the environment, else the best this CPU runs.
  /// - Throws: `cpu.level` when the level is unknown or this CPU lacks it.
  public init(level name: String? = nil) throws(Failure) {
    guard let name = name ?? getenv(Self.environmentVariable).map({ String(cString: $0) }) else {
      guard let best = sam2_kernels_for(sam2_best_isa()) else {
        throw Failure(.internalError, code: "cpu.level", "no kernels for this CPU")
      }
      functions = best
      return
    }
    guard let level = Self.levelNames.firstIndex(of: name),
      let table = sam2_kernels_for(sam2_isa(rawValue: UInt32(level)))
    else {
      let possible = Self.availableLevels.joined(separator: ", ")
      throw Failure(
        .usage, code: "cpu.level", "kernel level \(name) is not available here",
        hint: "\(Self.environmentVariable) may be one of: \(possible)")
    }
    functions = table
  }

  public var name: String { String(cString: functions.pointee.name) }

  /// Levels this CPU can run, lowest first.
  public static var availableLevels: [String] {
    levelNames.indices.filter { sam2_kernels_for(sam2_isa(rawValue: UInt32($0))) != nil }
      .map { levelNames[$0] }
  }

  /// CPU features that the probe found, by name.
  public static var cpuFeatures: [String] {
    let bits = sam2_cpu_features()
    let names: [(Int, String)] = [
      (SAM2_CPU_AVX2, "avx2"), (SAM2_CPU_FMA, "fma"), (SAM2_CPU_F16C, "f16c"),
      (SAM2_CPU_AVX512F, "avx512f"), (SAM2_CPU_AVX512BW, "avx512bw"),
      (SAM2_CPU_AVX512DQ, "avx512dq"), (SAM2_CPU_AVX512VL, "avx512vl"),
      (SAM2_CPU_AVX512VNNI, "avx512_vnni"), (SAM2_CPU_AVX512BF16, "avx512_bf16"),
      (SAM2_CPU_AVXVNNI, "avx_vnni"), (SAM2_CPU_NEON, "neon"),
      (SAM2_CPU_PCLMULQDQ, "pclmulqdq"),
    ].map { (Int($0.0), $0.1) }
    return names.filter { bits & UInt32($0.0) != 0 }.map(\.1)
  }

  /// Multiply-accumulates per second that one core reaches with operands in registers.
  public func measurePeak(int8: Bool, seconds: Double = 0.05) -> Double {
    let isa = functions.pointee.isa
    let run = int8 ? sam2_peak_s8 : sam2_peak_f32
    var iterations: UInt64 = 100_000
    while true {
      let start = monotonicSeconds()
      let operations = run(isa, iterations)
      let elapsed = monotonicSeconds() - start
      if elapsed >= seconds { return Double(operations) / elapsed }
      iterations *= 2
    }
  }
}
