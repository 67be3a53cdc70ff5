public import Bytes

/// Finds the endpoint for a request.
public struct RouteTable: Sendable {
  private struct Route: Sendable {
    let parts: [Part]
    let endpoint: Endpoint
  }

  private enum Part: Sendable {
    case word(String)
    case name(String)
  }

  private let routes: [Route]
  public let endpoints: [Endpoint]

  public init(_ endpoints: [Endpoint]) {
    self.endpoints = endpoints
    routes = endpoints.map { endpoint in
      Route(parts: RouteTable.parts(of: endpoint.path), endpoint: endpoint)
    }
  }

  private static func parts(of path: String) -> [Part] {
    path.split(separator: "/").map { part in
      part.hasPrefix("{") && part.hasSuffix("}")
        ? .name(String(part.dropFirst().dropLast())) : .word(String(part))
    }
  }

  /// The endpoint for `method`, such as "GET", and the path `parts`, with the parts matched by the
  /// names in its path.
  ///
  /// A word in a path takes precedence over a name.
  /// - Throws: `serve.route` if the path does not exist, `serve.method` if it has only other
  ///   methods.
  public func find(
    _ method: String, _ parts: [String]
  ) throws(Failure) -> (endpoint: Endpoint, parameters: [String: String]) {
    var best: (endpoint: Endpoint, parameters: [String: String])?
    var others: [String] = []
    for route in routes {
      guard let parameters = RouteTable.match(route.parts, parts) else { continue }
      guard route.endpoint.method.rawValue == method else {
        others.append(route.endpoint.method.rawValue)
        continue
      }
      if best == nil || parameters.count < (best?.parameters.count ?? 0) {
        best = (route.endpoint, parameters)
      }
    }
    if let best { return best }
    guard others.isEmpty else {
      throw Failure(
        .usage, code: "serve.method", "\(printable(method, limit: 20)) is not for this path",
        hint: "it takes \(Set(others).sorted().joined(separator: ", "))")
    }
    throw Failure(
      .missingInput, code: "serve.route",
      "there is nothing at /\(printable(parts.joined(separator: "/"), limit: 100))")
  }

  private static func match(_ route: [Part], _ parts: [String]) -> [String: String]? {
    guard route.count == parts.count else { return nil }
    var parameters: [String: String] = [:]
    for (pattern, part) in zip(route, parts) {
      switch pattern {
      case .word(let word): guard word == part else { return nil }
      case .name(let name): parameters[name] = part
      }
    }
    return parameters
  }
}
