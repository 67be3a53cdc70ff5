public import Bytes

/// Files from the web, fetched by the curl program in a separate process.
///
/// Its arguments are a fixed list: only HTTP and HTTPS, no redirection, no user configuration,
/// bounded size and time. Callers decide which hosts may be contacted.
public enum RemoteFile {
  private static let seconds = 30
  private static let chunkByteCount = 1 << 16

  /// Fetches the bytes at `address`, which must be plain printable text without quotes;
  /// `authorization` is sent as the header of that name.
  /// - Throws: `serve.fetch`.
  public static func fetch(
    _ address: String, authorization: String? = nil, byteLimit: Int
  ) throws(Failure) -> [UInt8] {
    // Passed on standard input, since anyone on the machine can read arguments.
    var configuration = "url = \"\(address)\"\n"
    if let authorization {
      let isPlain = authorization.utf8.allSatisfy {
        (0x20...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C
      }
      guard isPlain else { throw failure("the authorization holds characters that no header has") }
      configuration += "header = \"Authorization: \(authorization)\"\n"
    }
    do throws(Failure) {
      let child = try ChildProcess(
        "curl",
        [
          "-q", "--silent", "--show-error", "--fail", "--proto", "=http,https", "--max-redirs", "0",
          "--noproxy", "*", "--max-time", "\(seconds)", "--max-filesize", "\(byteLimit)",
          "--config", "-",
        ], .readingFromChild, input: Array(configuration.utf8), limits: .looking,
        patience: Int32(seconds) * 1000)
      var bytes: [UInt8] = []
      var chunk = [UInt8](repeating: 0, count: chunkByteCount)
      while true {
        let count = chunk.withUnsafeMutableBytes { child.read(into: $0) }
        bytes += chunk[..<count]
        guard bytes.count <= byteLimit else { throw failure("the file is too large") }
        if count < chunk.count { break }
      }
      guard child.finish() else {
        throw failure(child.complaint.isEmpty ? "the host did not give it" : child.complaint)
      }
      return bytes
    } catch {
      if error.cause == .missingProgram {
        throw failure("there is no curl program, which fetches files of other hosts")
      }
      throw error
    }
  }

  private static func failure(_ what: String) -> Failure {
    Failure(.inputOutput, code: "serve.fetch", "the picture cannot be fetched: \(what)")
  }
}
