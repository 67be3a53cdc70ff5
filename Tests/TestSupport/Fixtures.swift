import Glibc

/// Path of a file in the `Fixtures` folder beside the test that asks, or of the test target
/// `target`.
///
/// Read from the source tree, because a `resources:` rule would link Foundation into the tests.
public func fixturePath(
  _ name: String, target: String? = nil, file: String = #filePath
) -> String {
  let folders = file.split(separator: "/", omittingEmptySubsequences: false).dropLast()
  let root = target.map { folders.dropLast() + [Substring($0)] } ?? folders
  return (root + ["Fixtures"]).joined(separator: "/") + "/" + name
}

/// All bytes of the file at `path`; nil when it cannot be read.
public func fileBytes(_ path: String) -> [UInt8]? {
  let descriptor = open(path, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else { return nil }
  defer { close(descriptor) }
  var bytes: [UInt8] = []
  var chunk = [UInt8](repeating: 0, count: 1 << 16)
  while true {
    let count = read(descriptor, &chunk, chunk.count)
    guard count >= 0 else { return nil }
    if count == 0 { return bytes }
    bytes += chunk[..<count]
  }
}

/// A fresh folder, removed with what is in it after `body`.
public func withTemporaryFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
  let parent = getenv("TMPDIR").map { String(cString: $0) } ?? P_tmpdir
  var template = Array((parent + "/sam2-tests-XXXXXX").utf8CString)
  guard mkdtemp(&template) != nil else { throw TestSupportError.noTemporaryFolder }
  let folder = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  defer { removeTree(folder) }
  return try body(folder)
}

/// Names in `folder`, sorted.
public func folderNames(_ folder: String) -> [String] {
  guard let handle = opendir(folder) else { return [] }
  defer { closedir(handle) }
  var names: [String] = []
  while let entry = readdir(handle) {
    let name = withUnsafeBytes(of: entry.pointee.d_name) {
      String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
    }
    if name != "." && name != ".." { names.append(name) }
  }
  return names.sorted()
}

private func removeTree(_ folder: String) {
  for name in folderNames(folder) {
    let path = folder + "/" + name
    if unlink(path) != 0 { removeTree(path) }
  }
  rmdir(folder)
}

private enum TestSupportError: Error {
  case noTemporaryFolder
}
