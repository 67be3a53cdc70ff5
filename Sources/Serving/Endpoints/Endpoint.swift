public import Bytes
public import JSON

/// One operation that clients can request: a method, a path, and a handler.
///
/// Endpoints know requests and answers, but not servers: `WebServer` serves them over HTTP, and
/// tests call them directly.
public struct Endpoint: Sendable {
  public typealias Handler = @Sendable (Call) async throws -> Answer

  public enum Method: String, Sendable, CaseIterable {
    case get = "GET"
    case post = "POST"
    case put = "PUT"
    case delete = "DELETE"
  }

  /// The content of a request's body, and its maximum size.
  public enum Body: Sendable {
    case none
    case json(limit: Int)
    /// JSON, or the bytes of a file of any other content type.
    case upload(limit: Int)

    public var limit: Int {
      switch self {
      case .none: 0
      case .json(let limit), .upload(let limit): limit
      }
    }
  }

  public let method: Method
  /// For example `/api/images/{id}`: a name in braces matches one part of the path.
  public let path: String
  public let body: Body
  /// Whether it answers without the token, like the health check and the page itself.
  public let isPublic: Bool
  public let handler: Handler

  public init(
    _ method: Method, _ path: String, body: Body = .none, isPublic: Bool = false,
    handler: @escaping Handler
  ) {
    (self.method, self.path, self.body) = (method, path, body)
    (self.isPublic, self.handler) = (isPublic, handler)
  }
}

/// A request as seen by endpoints.
public struct Call: Sendable {
  /// The parts of the path matched by the names in braces.
  public let parameters: [String: String]
  /// The values after the question mark; if a name occurs more than once, the first counts.
  public let query: [String: String]
  /// Keyed by lower-case name; if a name occurs more than once, the first counts.
  public let headers: [String: String]
  public let body: [UInt8]

  public init(
    parameters: [String: String] = [:], query: [String: String] = [:],
    headers: [String: String] = [:], body: [UInt8] = []
  ) {
    (self.parameters, self.query) = (parameters, query)
    (self.headers, self.body) = (headers, body)
  }

  /// The part of the path that matches `name`.
  public func parameter(_ name: String) throws(Failure) -> String {
    guard let value = parameters[name] else {
      throw Failure(.internalError, code: "serve.route", "the path has no part \(name)")
    }
    return value
  }

  /// The body as JSON; an empty body counts as an empty object.
  /// - Throws: `json.*`.
  public func json() throws(Failure) -> JSONValue {
    guard !body.isEmpty else { return .object([]) }
    var limits = JSONLimits()
    limits.byteCount = max(limits.byteCount, body.count)
    return try JSONValue(parsing: body, limits: limits)
  }

  /// Whether the body is JSON according to the request's headers.
  public var isJSON: Bool {
    let type = headers["content-type"]?.lowercased() ?? "application/json"
    return type.split(separator: ";").first?.hasSuffix("json") ?? false
  }

  /// The whole number in the query under `name`; nil if it is missing.
  /// - Throws: `serve.query`.
  public func integer(_ name: String) throws(Failure) -> Int? {
    guard let text = query[name] else { return nil }
    guard let number = Int(text) else {
      throw Failure(
        .badInput, code: "serve.query",
        "\"\(name)\" must be a whole number, not \(printable(text, limit: 40))")
    }
    return number
  }
}

/// The answer to a request.
public struct Answer: Sendable {
  public enum Body: Sendable {
    case bytes([UInt8])
    /// Server-sent events, until the sequence ends.
    case events(AsyncStream<StreamEvent>)
  }

  public var status: Int
  public var contentType: String
  public var headers: [(name: String, value: String)]
  public var body: Body

  public init(
    status: Int = 200, contentType: String, headers: [(name: String, value: String)] = [],
    bytes: [UInt8]
  ) {
    (self.status, self.contentType, self.headers) = (status, contentType, headers)
    body = .bytes(bytes)
  }

  /// JSON.
  public init(status: Int = 200, _ json: JSONValue) {
    self.init(
      status: status, contentType: "application/json; charset=utf-8",
      bytes: json.utf8())
  }

  /// Server-sent events.
  public init(events: AsyncStream<StreamEvent>) {
    (status, contentType, headers) = (200, "text/event-stream", [])
    body = .events(events)
  }

  /// An answer without a body.
  public static let done = Answer(status: 204, contentType: "", bytes: [])
}

/// One server-sent event.
public struct StreamEvent: Sendable {
  /// The number from which a client that lost the connection resumes; nil for none.
  public let id: Int?
  /// Nil for an unnamed event.
  public let name: String?
  /// Text without line breaks.
  public let data: String

  public init(id: Int? = nil, name: String? = nil, data: String) {
    (self.id, self.name, self.data) = (id, name, data)
  }

  /// The text sent to the client.
  public var text: String {
    (id.map { "id: \($0)\n" } ?? "") + (name.map { "event: \($0)\n" } ?? "") + "data: \(data)\n\n"
  }
}
