import Glibc
import JSON
import TestSupport

/// A command that serves on a port of its own, until a signal ends it.
struct ServingTool {
  let port: Int
  /// The address of the page, which the command printed.
  let address: String

  /// Starts `sam2` with `arguments` in `folder`, hands it to `body` once it serves, and ends it with
  /// `signal`.
  static func with(
    _ arguments: [String], in folder: String, environment: [String: String] = [:],
    endingWith signal: Int32 = SIGTERM, body: (ServingTool) throws -> Void
  ) throws -> Tool.Outcome {
    try withTemporaryFolder { log in
      let running = try Tool.sam2.start(arguments, in: folder, log: log, environment: environment)
      do {
        guard running.wait(until: { running.output.hasSuffix("\n") }),
          let tool = ServingTool(running.output)
        else { throw ToolProblem.failed("it does not serve: \(running.errors)") }
        try body(tool)
      } catch {
        running.send(SIGKILL)
        _ = running.wait()
        throw error
      }
      running.send(signal)
      return running.wait()
    }
  }

  private init?(_ output: String) {
    address = output.split(separator: "\n").last.map(String.init) ?? ""
    let digits = address.split(separator: ":").last?.prefix { $0.isNumber } ?? ""
    guard let port = Int(digits), address.hasPrefix("http://127.0.0.1:") else { return nil }
    self.port = port
  }

  func request(
    _ method: String, _ path: String, _ json: JSONValue? = nil
  ) throws -> RawClient.Reply {
    let body = json.map { Array($0.text().utf8) } ?? []
    let client = try RawClient(port: port)
    client.send(
      "\(method) \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nConnection: close\r\n"
        + "Content-Type: application/json\r\nContent-Length: \(body.count)\r\n\r\n")
    client.send(body)
    return try client.reply()
  }
}
