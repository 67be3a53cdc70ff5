import Glibc
public import JSON

/// A client that sends exactly the bytes it is given.
public final class RawClient {
  private let socket: Int32

  public struct Reply: Sendable {
    public let status: Int
    public let headers: [String: String]
    public let body: [UInt8]

    public var json: JSONValue { get throws { try JSONValue(parsing: body) } }
    public var code: String? { (try? json)?["error"]?["code"]?.string }
  }

  public enum Problem: Error {
    case noConnection
    case noReply
  }

  public init(port: Int) throws {
    socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(UInt16(port).bigEndian)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var patience = timeval(tv_sec: 60, tv_usec: 0)
    setsockopt(
      socket, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    let status = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard status == 0 else { throw Problem.noConnection }
  }

  deinit { close(socket) }

  /// False when the server does not listen any longer.
  @discardableResult
  public func send(_ bytes: [UInt8]) -> Bool {
    var done = 0
    while done < bytes.count {
      let count = bytes[done...].withUnsafeBytes {
        Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return false }
      done += count
    }
    return true
  }

  @discardableResult
  public func send(_ text: String) -> Bool { send(Array(text.utf8)) }

  /// Everything until the server closes.
  public func readAll() -> [UInt8] {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = recv(socket, &chunk, chunk.count, 0)
      guard count > 0 else { return bytes }
      bytes += chunk[..<count]
    }
  }

  /// The reply, once the server has closed the connection.
  public func reply() throws -> Reply {
    let bytes = readAll()
    let end = Array("\r\n\r\n".utf8)
    guard let split = bytes.indices.first(where: { bytes[$0...].starts(with: end) }) else {
      throw Problem.noReply
    }
    let lines = String(decoding: bytes[..<split], as: UTF8.self).components
    guard let status = lines.first?.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
    else { throw Problem.noReply }
    var headers: [String: String] = [:]
    for line in lines.dropFirst() {
      let sides = line.split(separator: ":", maxSplits: 1)
      if sides.count == 2 {
        headers[sides[0].lowercased()] = String(sides[1].drop { $0 == " " })
      }
    }
    let body = bytes[(split + 4)...]
    let isChunked = headers["transfer-encoding"] == "chunked"
    return Reply(
      status: status, headers: headers, body: isChunked ? RawClient.joined(body) : Array(body))
  }

  /// The chunks of a body without their lengths.
  private static func joined(_ chunks: ArraySlice<UInt8>) -> [UInt8] {
    var body: [UInt8] = []
    var rest = chunks
    while let end = rest.firstIndex(of: UInt8(ascii: "\r")),
      let count = Int(String(decoding: rest[..<end], as: UTF8.self), radix: 16), count > 0
    {
      let chunk = rest[end...].dropFirst(2).prefix(count)
      body += chunk
      rest = rest[chunk.endIndex...].dropFirst(2)
    }
    return body
  }
}

extension String {
  /// Its lines, which end as HTTP requires.
  fileprivate var components: [String] {
    split(separator: "\r\n", omittingEmptySubsequences: true).map(String.init)
  }
}
