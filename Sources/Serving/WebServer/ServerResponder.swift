import Bytes
import Endpoints
import HTTPTypes
import Hummingbird
import JobSupport
import Logging
import NIOCore

/// The facts about its connection that a request needs.
struct ConnectionContext: RequestContext {
  var coreContext: CoreRequestContextStorage
  let channel: any Channel

  init(source: ApplicationRequestContextSource) {
    coreContext = CoreRequestContextStorage(source: source)
    channel = source.channel
  }
}

/// Answers each request: guard, route, body, endpoint, and log.
struct ServerResponder: HTTPResponder {
  let routes: RouteTable
  let settings: ServerSettings
  let metrics: RequestMetrics
  let logger: Logger

  func respond(to request: Request, context: ConnectionContext) async throws -> Response {
    let start = StageClock.now()
    var route = "none"
    var answer: Answer
    var failure: Failure?
    do {
      answer = try await self.answer(request, &route)
    } catch let found as Failure {
      failure = found
      answer = Answer(found)
    } catch is CancellationError {
      throw CancellationError()
    } catch {
      let found = Failure(
        .internalError, code: "serve.internal", "the request failed: \(error)")
      failure = found
      answer = Answer(found)
    }
    let isCut = closesConnection(failure)
    if isCut { closeSoon(context.channel) }
    let seconds = StageClock.now() - start
    metrics.add(route, status: answer.status, seconds: seconds)
    log(request, route, answer, failure, seconds)
    return response(answer, isHead: request.method == .head, closing: isCut)
  }

  private func answer(_ request: Request, _ route: inout String) async throws -> Answer {
    let requestGuard = RequestGuard(settings)
    // Clients that may not use the server do not find out which paths it has.
    try requestGuard.check(request.head, isPublic: true)
    let target = try RequestTarget(request.head.path ?? "/")
    if let answer = signIn(target) { return answer }
    let method = request.method == .head ? "GET" : request.method.rawValue
    let endpoint: Endpoint
    let parameters: [String: String]
    do throws(Failure) {
      (endpoint, parameters) = try routes.find(method, target.parts)
    } catch {
      try requestGuard.check(request.head, isPublic: false)
      throw error
    }
    route = endpoint.path
    try requestGuard.check(request.head, isPublic: endpoint.isPublic)
    let body = try await BodyReader(settings, endpoint.body).read(request)
    var headers: [String: String] = [:]
    for field in request.headers where headers[field.name.canonicalName] == nil {
      headers[field.name.canonicalName] = field.value
    }
    var answer = try await endpoint.handler(
      Call(parameters: parameters, query: target.query, headers: headers, body: body))
    if endpoint.path == "/metrics", case .bytes(let bytes) = answer.body {
      answer.body = .bytes(bytes + Array(metrics.text.utf8))
    }
    return answer
  }

  /// Handles the page's address with the token in it: a browser receives the token as a cookie, and
  /// then the page without it.
  private func signIn(_ target: RequestTarget) -> Answer? {
    guard let token = settings.token, target.parts.isEmpty, let given = target.query["token"],
      RequestGuard.isEqual(given, token)
    else { return nil }
    let cookie = "\(RequestGuard.cookie)=\(token); Path=/; HttpOnly; SameSite=Strict"
    return Answer(
      status: 303, contentType: "text/plain", headers: [("Location", "/"), ("Set-Cookie", cookie)],
      bytes: [])
  }

  // MARK: - Ending connections

  /// Whether the rest of the body is not worth reading.
  private func closesConnection(_ failure: Failure?) -> Bool {
    failure.map { [408, 413].contains(ErrorStatus.status(of: $0)) } ?? false
  }

  /// Closes the connection once the answer has had time to arrive.
  private func closeSoon(_ channel: any Channel) {
    channel.eventLoop.scheduleTask(in: .seconds(2)) { channel.close(mode: .all, promise: nil) }
  }

  // MARK: - Responses

  private static let security: [(name: String, value: String)] = [
    ("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-origin"), ("X-Frame-Options", "DENY"),
    (
      "Content-Security-Policy",
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
        + "media-src 'self' blob:; connect-src 'self'; worker-src 'self'; base-uri 'none'; "
        + "form-action 'none'; frame-ancestors 'none'"
    ),
  ]

  private func response(_ answer: Answer, isHead: Bool, closing: Bool) -> Response {
    var headers = HTTPFields()
    if !answer.contentType.isEmpty { headers[.contentType] = answer.contentType }
    let preset =
      answer.headers.contains { $0.name == "Cache-Control" } ? [] : [("Cache-Control", "no-store")]
    for (name, value) in ServerResponder.security + preset + answer.headers {
      if let name = HTTPField.Name(name) { headers[name] = value }
    }
    if closing { headers[.connection] = "close" }
    let status = HTTPResponse.Status(code: answer.status)
    switch answer.body {
    case .bytes(let bytes):
      guard answer.status != 204 else { return Response(status: status, headers: headers) }
      headers[.contentLength] = "\(bytes.count)"
      return Response(
        status: status, headers: headers,
        body: isHead ? ResponseBody() : ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    case .events(let events):
      return Response(status: status, headers: headers, body: EventBody.body(events))
    }
  }

  private func log(
    _ request: Request, _ route: String, _ answer: Answer, _ failure: Failure?, _ seconds: Double
  ) {
    var metadata: Logger.Metadata = [
      "method": "\(request.method.rawValue)", "route": "\(route)", "status": "\(answer.status)",
      "milliseconds": "\(Int(seconds * 1000))",
    ]
    if let failure { metadata["code"] = "\(failure.code)" }
    let level: Logger.Level =
      answer.status >= 500 ? .error : (answer.status >= 400 ? .notice : .info)
    if answer.status >= 500, let failure {
      metadata["failure"] = "\(printable(failure.description, limit: 500))"
    }
    logger.log(level: level, "request", metadata: metadata)
  }
}
