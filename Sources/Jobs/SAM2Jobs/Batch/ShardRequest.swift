public import Bytes

/// The part of a batch as requested by a person: `i/N`, `auto` or `auto/N`.
public enum ShardRequest: Equatable, Sendable {
  case given(Shard)
  /// The index comes from the environment, as does the count unless it is given.
  case auto(count: Int?)

  /// Parses a request; nil for anything else.
  public init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    let count = parts.count == 2 ? Int(parts[1]) : nil
    if let count, !(1...Shard.maximumCount).contains(count) { return nil }
    guard parts.count == 1 || (parts.count == 2 && count != nil) else { return nil }
    if parts[0] == "auto" {
      self = .auto(count: count)
      return
    }
    guard let count, let index = Int(parts[0]), let shard = Shard(index: index, count: count)
    else { return nil }
    self = .given(shard)
  }

  /// The requested shard; `variable` looks up an environment variable.
  /// - Throws: `shard.environment` if the environment does not determine a shard.
  public func resolved(variable: @escaping (String) -> String?) throws(Failure) -> Shard {
    switch self {
    case .given(let shard): return shard
    case .auto(let count):
      let environment = ShardEnvironment(variable: variable)
      return try environment.shard(count: count)
    }
  }
}

/// The variables that job schedulers set for their tasks.
private struct ShardEnvironment {
  let variable: (String) -> String?

  func shard(count: Int?) throws(Failure) -> Shard {
    let slurm = variable("SLURM_ARRAY_TASK_ID") != nil
    let kubernetes = variable("JOB_COMPLETION_INDEX") != nil
    guard slurm != kubernetes else {
      throw failure(
        slurm
          ? "both SLURM_ARRAY_TASK_ID and JOB_COMPLETION_INDEX are set"
          : "neither SLURM_ARRAY_TASK_ID nor JOB_COMPLETION_INDEX is set")
    }
    let name = slurm ? "SLURM_ARRAY_TASK_ID" : "JOB_COMPLETION_INDEX"
    let number = try integer(name)
    guard let count else {
      guard slurm else {
        throw failure(
          "Kubernetes gives the index of a pod, not the number of pods",
          hint: "give --shard auto/N with the job's completions")
      }
      return try arrayTask(number)
    }
    guard let shard = Shard(index: number, count: count) else {
      throw failure("\(name) is \(number), outside 0 to \(count - 1)")
    }
    return shard
  }

  /// Numbers the tasks of a Slurm array, starting from its lowest index and using its step.
  private func arrayTask(_ number: Int) throws(Failure) -> Shard {
    let count = try integer("SLURM_ARRAY_TASK_COUNT")
    let first = try integer("SLURM_ARRAY_TASK_MIN")
    let last = try integer("SLURM_ARRAY_TASK_MAX")
    let step = variable("SLURM_ARRAY_TASK_STEP") == nil ? 1 : try integer("SLURM_ARRAY_TASK_STEP")
    let numbers = [first, last, number, count, step]
    guard numbers.allSatisfy({ (0...1_000_000_000).contains($0) }), step > 0, count > 0,
      (first...max(first, last)).contains(number), (number - first) % step == 0,
      last - first == (count - 1) * step,
      let shard = Shard(index: (number - first) / step, count: count)
    else {
      throw failure(
        "the numbers of the Slurm array have gaps",
        hint: "give --shard auto/N, for task numbers from 0 to N-1")
    }
    return shard
  }

  private func integer(_ name: String) throws(Failure) -> Int {
    guard let text = variable(name) else { throw failure("\(name) is not set") }
    guard let number = Int(text) else { throw failure("\(name) is \(printable(text)), no number") }
    return number
  }

  private func failure(
    _ message: String, hint: String = "give --shard i/N, with i from 0 to N-1"
  ) -> Failure {
    Failure(.usage, code: "shard.environment", message, hint: hint)
  }
}
