import Endpoints
import Hummingbird
import NIOCore

/// Server-sent events as the body of a response.
enum EventBody {
  /// Seconds without an event after which a comment shows that the connection is still alive.
  private static let heartbeat = 15

  static func body(_ events: AsyncStream<StreamEvent>) -> ResponseBody {
    ResponseBody { writer in
      for await text in texts(events) { try await writer.write(ByteBuffer(string: text)) }
      try await writer.finish(nil)
    }
  }

  /// The text to send: the events, with comments between them.
  private static func texts(_ events: AsyncStream<StreamEvent>) -> AsyncStream<String> {
    let (stream, continuation) = AsyncStream.makeStream(of: String.self)
    // Sends a first line at once, so that the client knows it is connected.
    continuation.yield(": connected\n\n")
    let forwarding = Task {
      for await event in events { continuation.yield(event.text) }
      continuation.finish()
    }
    let beating = Task {
      while !Task.isCancelled {
        try await Task.sleep(for: .seconds(heartbeat))
        continuation.yield(": still here\n\n")
      }
    }
    continuation.onTermination = { _ in
      forwarding.cancel()
      beating.cancel()
    }
    return stream
  }
}
