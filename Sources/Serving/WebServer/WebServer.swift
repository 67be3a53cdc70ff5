public import Bytes
public import Endpoints
import Hummingbird
import HummingbirdCore
public import Logging
import NIOCore
import ServiceLifecycle
import UnixSignals

/// Serves endpoints over HTTP/1.1.
///
///     let server = try WebServer(endpoints, settings, logger: JSONLogHandler.logger())
///     try await server.run { port in print("http://127.0.0.1:\(port)/") }
public struct WebServer: Sendable {
  private let responder: ServerResponder
  private let settings: ServerSettings
  private let logger: Logger

  /// - Throws: any error that `ServerSettings.validate` throws.
  public init(
    _ endpoints: [Endpoint], _ settings: ServerSettings, logger: Logger
  ) throws(Failure) {
    try settings.validate()
    responder = ServerResponder(
      routes: RouteTable(endpoints), settings: settings, metrics: RequestMetrics(), logger: logger)
    (self.settings, self.logger) = (settings, logger)
  }

  /// Serves until SIGTERM or SIGINT arrives or the task is cancelled: then it accepts no new
  /// connections and answers the requests in progress.
  ///
  /// `started` is called with the port once clients can connect; `stopping` when shutdown begins,
  /// to end anything that would keep streams open.
  /// - Throws: `serve.bind` if the address is in use or does not belong to this machine.
  public func run(
    catchingSignals: Bool = true, started: @escaping @Sendable (Int) -> Void,
    stopping: @escaping @Sendable () -> Void
  ) async throws {
    var quiet = logger
    // The library's own messages repeat those logged here.
    if quiet.logLevel > .debug { quiet.logLevel = .critical }
    let application = Application(
      responder: responder,
      server: .http1(configuration: .init(idleTimeout: .seconds(Int64(settings.idleSeconds)))),
      configuration: ApplicationConfiguration(
        address: .hostname(settings.host, port: settings.port), serverName: "sam2",
        availableConnectionsDelegate: MaximumAvailableConnections(settings.connectionLimit)),
      onServerRunning: { channel in started(channel.localAddress?.port ?? 0) }, logger: quiet)
    let group = ServiceGroup(
      configuration: .init(
        // The last one is stopped first.
        services: [.init(service: application), .init(service: StopService(action: stopping))],
        gracefulShutdownSignals: catchingSignals ? [.sigterm, .sigint] : [], logger: quiet))
    // Cancelling the services would drop connections that have just arrived, which the library does
    // not survive: a cancelled task ends them the way a signal does.
    let running = Task { try await group.run() }
    do {
      try await withTaskCancellationHandler {
        try await running.value
      } onCancel: {
        Task { await group.triggerGracefulShutdown() }
      }
    } catch let error as IOError {
      throw Failure(
        .cannotCreate, code: "serve.bind",
        "cannot listen on \(settings.host) port \(settings.port): \(error.localizedReason)",
        hint: "choose another --port or --host")
    }
  }
}

/// Performs an action when the server begins to stop.
private struct StopService: Service {
  let action: @Sendable () -> Void

  func run() async throws {
    try? await gracefulShutdown()
    action()
  }
}

extension IOError {
  /// The system's description of the error.
  fileprivate var localizedReason: String {
    description.split(separator: ":").last.map { String($0.drop { $0 == " " }) } ?? description
  }
}
