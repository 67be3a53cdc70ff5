internal import Glibc

/// The CPU time that Linux control groups grant this process, as a number of processors.
///
/// Both versions are supported: version 2 has `cpu.max`, version 1 has `cpu.cfs_quota_us` and
/// `cpu.cfs_period_us`. A group shares the quota of every group above it, so the smallest counts.
/// Files that cannot be read or parsed set no limit.
struct CPUQuota {
  /// Prefix of every path, for tests: a folder that replaces `/`.
  private let root: String

  /// - Returns: the smallest quota; nil when there is none.
  static func processors(root: String = "") -> Double? {
    let quota = CPUQuota(root: root)
    return quota.groups().compactMap(quota.smallest).min()
  }

  // MARK: Groups

  /// The process's group in a mounted hierarchy.
  private struct Group {
    let isVersion2: Bool
    let mountPoint: String
    /// Names of the folders from the mount point to the group.
    let path: [Substring]
  }

  private func groups() -> [Group] {
    let memberships = lines("/proc/self/cgroup").compactMap(Self.membership)
    return lines("/proc/self/mountinfo").compactMap { line in
      guard let mount = Mount(line) else { return nil }
      let isVersion2 = mount.type == "cgroup2"
      guard isVersion2 || (mount.type == "cgroup" && mount.options.contains("cpu")),
        let own = memberships.first(where: { $0.isVersion2 == isVersion2 })
      else { return nil }
      return Group(
        isVersion2: isVersion2, mountPoint: mount.point,
        path: Self.path(of: own.path, below: mount.root))
    }
  }

  /// Parses a line `number:controllers:path`; nil for hierarchies without the CPU controller.
  private static func membership(_ line: Substring) -> (isVersion2: Bool, path: Substring)? {
    let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3 else { return nil }
    if parts[1].isEmpty { return (true, parts[2]) }
    return parts[1].split(separator: ",").contains("cpu") ? (false, parts[2]) : nil
  }

  /// Folders from a mount's root down to a group; empty if the group is not below the root, as in
  /// containers whose own group is mounted there.
  private static func path(of group: Substring, below root: Substring) -> [Substring] {
    let (group, root) = (group.split(separator: "/"), root.split(separator: "/"))
    guard group.starts(with: root), !group.contains("..") else { return [] }
    return Array(group.dropFirst(root.count))
  }

  /// One mount from `/proc/self/mountinfo` (proc(5)).
  private struct Mount {
    let root: Substring
    let point: String
    let type: Substring
    let options: [Substring]

    init?(_ line: Substring) {
      let fields = line.split(separator: " ")
      guard let separator = fields.firstIndex(of: "-"), separator >= 5,
        fields.count > separator + 3
      else { return nil }
      root = fields[3]
      point = fields[4].replacingSpaces
      type = fields[separator + 1]
      options = fields[separator + 3].split(separator: ",")
    }
  }

  // MARK: Quotas

  private func smallest(of group: Group) -> Double? {
    (0...group.path.count).compactMap { depth in
      let folder = ([group.mountPoint[...]] + group.path.prefix(depth)).joined(separator: "/")
      return group.isVersion2 ? quota2(folder) : quota1(folder)
    }.min()
  }

  /// `QUOTA PERIOD` in microseconds, or `max PERIOD`.
  private func quota2(_ folder: String) -> Double? {
    let parts = lines(folder + "/cpu.max").first?.split(separator: " ") ?? []
    return parts.count == 2 ? Self.ratio(parts[0], parts[1]) : nil
  }

  private func quota1(_ folder: String) -> Double? {
    guard let quota = lines(folder + "/cpu.cfs_quota_us").first,
      let period = lines(folder + "/cpu.cfs_period_us").first
    else { return nil }
    return Self.ratio(quota, period)
  }

  /// Nil for a quota that is not a number above zero: `max`, -1.
  private static func ratio(_ quota: Substring, _ period: Substring) -> Double? {
    guard let quota = Int(quota), let period = Int(period), quota > 0, period > 0 else {
      return nil
    }
    return Double(quota) / Double(period)
  }

  // MARK: Files

  /// The beginning of a mount table is enough, because control groups are mounted early.
  private static let maximumByteCount = 1 << 20

  /// Lines of a kernel file, which reports a size of 0 and so cannot be mapped.
  private func lines(_ path: String) -> [Substring] {
    guard let file = fopen(root + path, "re") else { return [] }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 4096)
    while bytes.count < Self.maximumByteCount {
      let count = fread(&block, 1, block.count, file)
      if count == 0 { break }
      bytes += block.prefix(count)
    }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n")
  }
}

extension Substring {
  /// Decodes spaces, which mount tables write as octal numbers.
  fileprivate var replacingSpaces: String {
    split(separator: "\\040", omittingEmptySubsequences: false).joined(separator: " ")
  }
}
