import Bytes
import CPage

/// The page: the files built into the program.
struct PageEndpoints {
  var endpoints: [Endpoint] {
    files.flatMap { file in
      let endpoint = Endpoint(.get, "/page/\(file.name)", isPublic: true) { _ in file.answer }
      guard file.name == "index.html" else { return [endpoint] }
      return [endpoint, Endpoint(.get, "/", isPublic: true) { _ in file.answer }]
    }
  }

  private struct File: Sendable {
    let name: String
    let type: String
    let bytes: [UInt8]

    var answer: Answer {
      // Another release has different files under the same names.
      Answer(contentType: type, headers: [("Cache-Control", "no-cache")], bytes: bytes)
    }
  }

  private var files: [File] {
    (0..<sam2_page_file_count()).map { index in
      let file = unsafe sam2_page_file_at(index)
      return unsafe File(
        name: String(cString: file.name), type: String(cString: file.type),
        bytes: Array(UnsafeBufferPointer(start: file.bytes, count: file.byte_count)))
    }
  }
}
