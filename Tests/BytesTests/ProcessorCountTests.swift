import Glibc
import TestSupport
import Testing

@testable import Bytes

@Suite struct ProcessorCountTests {
  /// The quota of a system whose files are `files`, by path.
  private func quota(_ files: [String: String]) throws -> Double? {
    try withTemporaryFolder { root in
      for (path, text) in files {
        var folder = root
        for name in path.split(separator: "/").dropLast() {
          folder += "/" + name
          mkdir(folder, 0o755)
        }
        try AtomicFile.write(path: root + path, replaceExisting: true) { try $0.write(text) }
      }
      return CPUQuota.processors(root: root)
    }
  }

  private static let mount2 =
    "30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"

  @Test func version2() throws {
    let system = ["/proc/self/cgroup": "0::/\n", "/proc/self/mountinfo": Self.mount2]
    for (text, expected) in [
      ("150000 100000\n", 1.5), ("max 100000\n", nil), ("400000 50000", 8), ("", nil),
      ("-1 100000\n", nil), ("100000 0\n", nil), ("100000\n", nil), ("1e5 100000\n", nil),
    ] as [(String, Double?)] {
      let found = try quota(
        system.merging(["/sys/fs/cgroup/cpu.max": text]) { $1 })
      #expect(found == expected, "\(text)")
    }
    #expect(try quota(system) == nil)
  }

  @Test func theSmallestQuotaOfAGroupAndThoseAboveCounts() throws {
    let system = [
      "/proc/self/cgroup": "0::/user.slice/job.scope\n", "/proc/self/mountinfo": Self.mount2,
      "/sys/fs/cgroup/user.slice/cpu.max": "200000 100000\n",
    ]
    let own = "/sys/fs/cgroup/user.slice/job.scope/cpu.max"
    #expect(try quota(system) == 2)
    #expect(try quota(system.merging([own: "max 100000\n"]) { $1 }) == 2)
    #expect(try quota(system.merging([own: "50000 100000\n"]) { $1 }) == 0.5)
    #expect(try quota(system.merging([own: "900000 100000\n"]) { $1 }) == 2)
  }

  @Test func version1() throws {
    let system = [
      "/proc/self/cgroup": """
      12:memory:/docker/abc
      4:cpu,cpuacct:/docker/abc
      1:name=systemd:/docker/abc
      0::/system.slice

      """,
      "/proc/self/mountinfo": """
      33 24 0:29 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory
      34 24 0:30 /docker/abc /sys/fs/cgroup/cpu,cpuacct ro,nosuid - cgroup cgroup rw,cpu,cpuacct

      """,
      "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
    ]
    let own = "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us"
    #expect(try quota(system) == nil)
    #expect(try quota(system.merging([own: "-1\n"]) { $1 }) == nil)
    #expect(try quota(system.merging([own: "250000\n"]) { $1 }) == 2.5)
  }

  /// A group whose path is not below what is mounted is what is mounted.
  @Test func groupsOutsideTheMount() throws {
    for path in ["/kubepods/pod1", "/../.."] {
      let found = try quota([
        "/proc/self/cgroup": "0::\(path)\n",
        "/proc/self/mountinfo":
          "30 24 0:26 /other /mnt/a\\040b rw - cgroup2 cgroup2 rw\nnot a mount\n",
        "/mnt/a b/cpu.max": "300000 100000\n",
      ])
      #expect(found == 3, "\(path)")
    }
  }

  @Test func theTighterLimitCounts() {
    #expect(ProcessorCount.usable(affine: 8, quota: nil) == 8)
    #expect(ProcessorCount.usable(affine: 8, quota: 2.5) == 3)
    #expect(ProcessorCount.usable(affine: 2, quota: 6) == 2)
    #expect(ProcessorCount.usable(affine: 4, quota: 0.2) == 1)
    #expect(ProcessorCount.usable(affine: 0, quota: nil) == ProcessorCount.online)
    #expect(ProcessorCount.usable(affine: 4, quota: 1e300) == 4)
  }

  /// A property of every machine.
  @Test func thisMachine() {
    #expect((1...max(1, ProcessorCount.online)).contains(ProcessorCount.usable))
  }
}
