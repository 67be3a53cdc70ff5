internal import CLinux
internal import Glibc

/// Number of processors that this process may use.
///
/// A container or a batch system often grants fewer than the machine has. Threads beyond those
/// only wait for each other.
public enum ProcessorCount {
  /// Processors of the machine that are online.
  public static let online = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))

  /// Those of them that the affinity of the first caller allows, and no more than the CPU quota of
  /// the process's control groups, a begun processor counted whole.
  public static let usable = usable(
    affine: Int(sam2_affine_processors()), quota: CPUQuota.processors())

  static func usable(affine: Int, quota: Double?) -> Int {
    let allowed = affine > 0 ? affine : online
    guard let quota, quota < Double(allowed) else { return allowed }
    return max(1, Int(quota.rounded(.up)))
  }
}
