import Bytes
import Glibc

/// Resource limits of the child process, and the time that the parent waits for it.
struct ChildLimits {
  /// Bytes of the HDF5 file.
  let fileByteCount: Int

  /// Maximum bytes that all datasets together may declare: gzip shrinks weights by a few percent,
  /// and buffers of zeros by far more, but those are small.
  var declaredByteCount: Int {
    min(64 << 30, 64 << 20 + (checkedProduct(fileByteCount, 16) ?? Int.max - (64 << 20)))
  }

  /// Address space, of which the program itself takes a part, beside the mapped file.
  static let addressSpaceByteCount = 1 << 30

  /// Seconds of processor time: gzip is read at ten times this rate on a slow machine.
  var processorSeconds: Int { 1 + fileByteCount / (8 << 20) }

  /// Seconds on the clock, for a machine that is busy with other work.
  var clockSeconds: Int { 10 + 4 * processorSeconds }

  /// Sets the limits for this process, for good.
  ///
  /// - Throws: `h5.child_setup` when the system refuses.
  func apply() throws(Failure) {
    let header = 128 << 20
    try ChildLimits.set(RLIMIT_CORE, 0)
    #if !ADDRESS_SANITIZER  // It reserves terabytes of address space.
    try ChildLimits.set(
      RLIMIT_AS, checkedSum(ChildLimits.addressSpaceByteCount, fileByteCount) ?? Int.max)
    #endif
    try ChildLimits.set(RLIMIT_CPU, processorSeconds)
    // Only an attack reaches this limit, so the process ends even if its parent ignores the signal.
    signal(SIGXFSZ, SIG_DFL)
    try ChildLimits.set(RLIMIT_FSIZE, declaredByteCount + header)
  }

  private static func set(_ resource: __rlimit_resource, _ value: Int) throws(Failure) {
    let resource = __rlimit_resource_t(resource.rawValue)
    var limit = rlimit(rlim_cur: rlim_t(value), rlim_max: rlim_t(value))
    // A stricter limit that is set already stays.
    var present = rlimit()
    if getrlimit(resource, &present) == 0, present.rlim_max < limit.rlim_max {
      limit = rlimit(rlim_cur: present.rlim_max, rlim_max: present.rlim_max)
    }
    guard setrlimit(resource, &limit) == 0 else {
      throw Failure(
        .internalError, code: "h5.child_setup", "cannot limit the process that reads HDF5")
    }
  }
}
