import Bytes
import CLinux

/// How strictly the system confines the process that reads HDF5, beside its `ChildLimits`.
public enum Confinement: Sendable {
  /// The process can take memory, write to its two open descriptors and end; the kernel refuses it
  /// every other system call.
  case systemCalls
  /// The kernel cannot filter system calls (seccomp): the process can open no file and start no
  /// other process, but code that has taken it over could remove or rename files of its user.
  case limits

  /// The confinement that this system provides.
  public static var ofThisSystem: Confinement { sam2_can_filter_calls() ? .systemCalls : .limits }

  /// The state of a system without a filter, for people; nil where there is a filter.
  var note: String? {
    switch self {
    case .systemCalls: nil
    case .limits:
      "this kernel cannot filter system calls (seccomp): libhdf5 runs under resource limits alone"
    }
  }

  /// Confines this process for good, and closes its descriptors from `firstClosed` on.
  ///
  /// - Throws: `h5.child_setup` when the system refuses.
  static func apply(closingFrom firstClosed: Int32) throws(Failure) {
    guard sam2_confine(firstClosed) == 0 else {
      throw Failure(
        .internalError, code: "h5.child_setup", "cannot confine the process that reads HDF5")
    }
  }
}
