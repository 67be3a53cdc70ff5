internal import CLinux
internal import Glibc

/// Number of processors that this process may use.
///
/// A container or batch system often grants fewer than the machine has. Threads beyond that number
/// only wait for each other.
public enum ProcessorCount {
  /// Number of the machine's processors that are online.
  public static let online = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))

  /// Number of those that the affinity of the first caller allows, limited to the CPU quota of the
  /// process's control groups, rounded up.
  public static let usable = usable(
    affine: Int(sam2_affine_processors()), quota: CPUQuota.processors())

  static func usable(affine: Int, quota: Double?) -> Int {
    let allowed = affine > 0 ? affine : online
    guard let quota, quota < Double(allowed) else { return allowed }
    return max(1, Int(quota.rounded(.up)))
  }
}
