import Bytes
import Synchronization

/// Metrics of the requests that a server has answered.
final class RequestMetrics: Sendable {
  private struct Key: Hashable, Sendable {
    let route: String
    let status: Int
  }

  private struct State: Sendable {
    var counts: [Key: Int] = [:]
    /// By route: the number of requests that took at most as long as each bound, and the sum of
    /// their times.
    var buckets: [String: [Int]] = [:]
    var seconds: [String: Double] = [:]
  }

  private static let bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
  private let state = Guarded(State())

  /// `route` is the endpoint's path with names in place of values, so that there are only a few.
  func add(_ route: String, status: Int, seconds: Double) {
    state.withLock { state in
      state.counts[Key(route: route, status: status), default: 0] += 1
      state.seconds[route, default: 0] += seconds
      var buckets =
        state.buckets[route] ?? [Int](repeating: 0, count: RequestMetrics.bounds.count + 1)
      for (index, bound) in RequestMetrics.bounds.enumerated() where seconds <= bound {
        buckets[index] += 1
      }
      buckets[RequestMetrics.bounds.count] += 1
      state.buckets[route] = buckets
    }
  }

  /// In Prometheus text format.
  var text: String {
    let state = state.withLock { $0 }
    var text = "# HELP sam2_requests_total Requests answered, by route and status.\n"
    text += "# TYPE sam2_requests_total counter\n"
    for (key, count) in state.counts.sorted(by: {
      ($0.key.route, $0.key.status) < ($1.key.route, $1.key.status)
    }) {
      text += "sam2_requests_total{route=\"\(key.route)\",status=\"\(key.status)\"} \(count)\n"
    }
    text += "# HELP sam2_request_seconds Seconds until the answer, by route.\n"
    text += "# TYPE sam2_request_seconds histogram\n"
    for (route, buckets) in state.buckets.sorted(by: { $0.key < $1.key }) {
      let name = "sam2_request_seconds"
      for (bound, count) in zip(RequestMetrics.bounds, buckets) {
        text += "\(name)_bucket{route=\"\(route)\",le=\"\(bound)\"} \(count)\n"
      }
      let total = buckets[RequestMetrics.bounds.count]
      text += "\(name)_bucket{route=\"\(route)\",le=\"+Inf\"} \(total)\n"
      text += "\(name)_sum{route=\"\(route)\"} \(state.seconds[route] ?? 0)\n"
      text += "\(name)_count{route=\"\(route)\"} \(total)\n"
    }
    return text
  }
}
