import Bytes
import HTTPTypes

/// Decides whether a request may be answered, based on its sender and the page it came from.
///
/// Even a server that listens only on this machine can be reached by every page in a browser on it.
/// Such a page cannot read answers, but it could send requests; and with a host name of its own
/// that it resolves to this machine ("DNS rebinding"), it could read them too. Therefore requests
/// from other origins are refused and, without a token, so are requests to host names other than
/// those of this machine.
struct RequestGuard: Sendable {
  private let settings: ServerSettings

  /// The name of the cookie that accompanies the page's own requests.
  static let cookie = "sam2_token"

  init(_ settings: ServerSettings) { self.settings = settings }

  /// Returns if the request may be answered; a public one needs no token.
  /// - Throws: `serve.host`, `serve.origin`, `serve.token`.
  func check(_ request: HTTPRequest, isPublic: Bool) throws(Failure) {
    try checkHost(request)
    try checkOrigin(request, isPublic: isPublic)
    guard !isPublic, let token = settings.token else { return }
    guard RequestGuard.tokens(of: request).contains(where: { RequestGuard.isEqual($0, token) })
    else {
      throw Failure(
        .usage, code: "serve.token", "the server requires the token that it was started with",
        hint: "send it as \"Authorization: Bearer …\", or open the page as /?token=…")
    }
  }

  // MARK: - Names and origins

  private func checkHost(_ request: HTTPRequest) throws(Failure) {
    guard settings.token == nil else { return }
    let name = RequestGuard.name(of: request.authority ?? "")
    guard ServerSettings.isLoopback(name) || name == settings.host else {
      throw Failure(
        .usage, code: "serve.host",
        "the server does not answer under the name \(printable(name, limit: 80))",
        hint: "use 127.0.0.1 or localhost, or start it with --token")
    }
  }

  /// The name in `authority`, in lower case and without the port.
  private static func name(of authority: String) -> String {
    let text = authority.lowercased()
    if text.hasPrefix("[") { return String(text.dropFirst().prefix { $0 != "]" }) }
    return String(text.prefix { $0 != ":" })
  }

  private func checkOrigin(_ request: HTTPRequest, isPublic: Bool) throws(Failure) {
    if let origin = request.headerFields[.origin] {
      let authority = request.authority ?? ""
      guard ["http://\(authority)", "https://\(authority)"].contains(origin) else {
        throw RequestGuard.foreign(origin)
      }
    }
    // A request from a page for a picture or script has no origin, but names the page's site.
    let site = HTTPField.Name("Sec-Fetch-Site").flatMap { request.headerFields[$0] }
    guard isPublic || site == nil || site == "same-origin" || site == "none" else {
      throw RequestGuard.foreign(site ?? "")
    }
  }

  private static func foreign(_ origin: String) -> Failure {
    Failure(
      .usage, code: "serve.origin",
      "pages of another origin may not use the server: \(printable(origin, limit: 80))",
      hint: "open its own page")
  }

  // MARK: - Tokens

  /// Everything in the request that could be a token.
  private static func tokens(of request: HTTPRequest) -> [String] {
    var tokens: [String] = []
    if let name = HTTPField.Name("Token"), let value = request.headerFields[name] {
      tokens.append(value)
    }
    if let value = request.headerFields[.authorization] {
      let words = value.split(separator: " ", maxSplits: 1).map(String.init)
      if words.count == 2, ["bearer", "token"].contains(words[0].lowercased()) {
        tokens.append(words[1])
      }
      if words.count == 2, words[0].lowercased() == "basic", let pair = Base64.decode(words[1]) {
        let text = String(decoding: pair, as: UTF8.self)
        if let colon = text.firstIndex(of: ":") {
          tokens.append(String(text[colon...].dropFirst()))
        }
      }
    }
    for field in request.headerFields[values: .cookie] {
      for pair in field.split(separator: ";") {
        let sides = pair.split(separator: "=", maxSplits: 1)
        guard sides.count == 2, sides[0].drop(while: { $0 == " " }) == cookie else { continue }
        tokens.append(String(sides[1]))
      }
    }
    return tokens
  }

  /// Compares in time independent of the number of correct characters.
  static func isEqual(_ given: String, _ token: String) -> Bool {
    let (a, b) = (Array(given.utf8), Array(token.utf8))
    var difference = a.count ^ b.count
    for index in b.indices { difference |= Int(b[index] ^ (index < a.count ? a[index] : 0)) }
    return difference == 0
  }
}
