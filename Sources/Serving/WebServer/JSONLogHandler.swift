import Bytes
import Glibc
import JSON
public import Logging

/// Writes each log message to standard error as one line of JSON.
public struct JSONLogHandler: LogHandler {
  public var metadata: Logger.Metadata = [:]
  public var logLevel: Logger.Level

  public init(level: Logger.Level) { logLevel = level }

  /// A logger that uses this format.
  public static func logger(level: Logger.Level = .info) -> Logger {
    Logger(label: "sam2") { _ in JSONLogHandler(level: level) }
  }

  public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  public func log(event: LogEvent) {
    var members: [(key: String, value: JSONValue)] = [
      ("time", .string(JSONLogHandler.time())), ("level", .string(event.level.rawValue)),
      ("message", .string(event.message.description)),
    ]
    let all = metadata.merging(event.metadata ?? [:]) { $1 }
    for (key, value) in all.sorted(by: { $0.key < $1.key }) {
      let text = value.description
      members.append((key, Int(text).map { .init($0) } ?? .string(text)))
    }
    if let error = event.error { members.append(("error", .string("\(error)"))) }
    let line = Array((JSONValue.object(members).text() + "\n").utf8)
    // One call per line, so that lines from several threads do not mix.
    _ = line.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }

  /// The current time in RFC 3339 format.
  private static func time() -> String {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    var parts = tm()
    gmtime_r(&now.tv_sec, &parts)
    var buffer = [CChar](repeating: 0, count: 32)
    strftime(&buffer, buffer.count, "%Y-%m-%dT%H:%M:%S", &parts)
    let whole = String(
      decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let milliseconds = String(1000 + now.tv_nsec / 1_000_000).dropFirst()
    return "\(whole).\(milliseconds)Z"
  }
}
