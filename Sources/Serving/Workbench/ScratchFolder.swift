import Bytes
import Glibc
import Synchronization

/// A folder for this user alone that exists as long as a server runs.
final class ScratchFolder: Sendable {
  let path: String
  private let isRemoved = Atomic<Bool>(false)

  /// - Throws: `output.folder`.
  init() throws(Failure) {
    let parent = getenv("TMPDIR").map { String(cString: $0) } ?? P_tmpdir
    var template = Array("\(parent)/sam2-serve-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw Failure(
        .cannotCreate, code: "output.folder",
        "cannot create a folder: \(String(cString: strerror(errno)))", file: parent)
    }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit { remove() }

  /// Removes the folder and its contents.
  func remove() {
    guard !isRemoved.exchange(true, ordering: .relaxed) else { return }
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    let parent = parts.dropLast().joined(separator: "/")
    try? OutputDirectory(parent.isEmpty ? "/" : parent).remove(String(parts.last ?? ""))
  }
}
