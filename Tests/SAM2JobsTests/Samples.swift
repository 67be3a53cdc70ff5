import Bytes
import Glibc
import TestSupport

func failure(_ code: String) -> Failure { Failure(.badInput, code: code, "") }

func write(_ text: String, to path: String) throws {
  try AtomicFile.write(path: path, replaceExisting: true) { try $0.write(text) }
}

/// All files below `folder`, by path.
func fileTree(_ folder: String, _ path: String = "") -> [String: [UInt8]] {
  var files: [String: [UInt8]] = [:]
  for name in folderNames("\(folder)/\(path)") {
    let inner = path + name
    if let bytes = fileBytes("\(folder)/\(inner)") { files[inner] = bytes }
    files.merge(fileTree(folder, inner + "/")) { first, _ in first }
  }
  return files
}
