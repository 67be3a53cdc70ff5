import ArgumentParser
import Bytes
import CLISupport
import JobSupport

/// A part of a batch: the items at `index * n / count ..< (index + 1) * n / count` of n.
///
/// Neighbours stay together, so that the results of all shards, one after the other, are those of
/// the whole.
struct Shard: Equatable {
  let index: Int
  let count: Int

  /// The positions of this shard's items among `itemCount`.
  func range(of itemCount: Int) -> Range<Int> {
    Shard.boundary(index, count, itemCount)..<Shard.boundary(index + 1, count, itemCount)
  }

  /// index * items / count, whose product may need more than 64 bits.
  private static func boundary(_ index: Int, _ count: Int, _ items: Int) -> Int {
    let product = index.multipliedFullWidth(by: items)
    return count.dividingFullWidth(product).quotient
  }

  /// "00003-of-00100": as a part of file names, which sort in the order of the shards.
  var name: String { "\(fiveDigits(index))-of-\(fiveDigits(count))" }
}

/// `--shard i/N`, `--shard auto` and `--shard auto/N`.
enum ShardArgument: ExpressibleByArgument, Equatable {
  case given(Shard)
  /// The index comes from the environment, and the count unless it is given.
  case auto(count: Int?)

  static let countLimit = 1_000_000

  init?(argument: String) {
    let parts = argument.split(separator: "/", omittingEmptySubsequences: false)
    let count = parts.count == 2 ? Int(parts[1]) : nil
    if let count, !(1...ShardArgument.countLimit).contains(count) { return nil }
    guard parts.count == 1 || (parts.count == 2 && count != nil) else { return nil }
    if parts[0] == "auto" {
      self = .auto(count: count)
      return
    }
    guard let count, let index = Int(parts[0]), (0..<count).contains(index) else { return nil }
    self = .given(Shard(index: index, count: count))
  }

  /// The shard, with what `variable` says of the environment.
  /// - Throws: `shard.environment` when it does not determine a shard.
  func resolved(
    variable: @escaping (String) -> String? = Console.variable
  ) throws(Failure) -> Shard {
    switch self {
    case .given(let shard): return shard
    case .auto(let count):
      let environment = ShardEnvironment(variable: variable)
      return try environment.shard(count: count)
    }
  }
}

/// What job schedulers tell their tasks.
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
          "Kubernetes tells the index of a pod, not how many there are",
          hint: "give --shard auto/N with the job's completions")
      }
      return try arrayTask(number)
    }
    guard (0..<count).contains(number) else {
      throw failure("\(name) is \(number), outside 0 to \(count - 1)")
    }
    return Shard(index: number, count: count)
  }

  /// Counts the tasks of a Slurm array from its smallest number, in its steps.
  private func arrayTask(_ number: Int) throws(Failure) -> Shard {
    let count = try integer("SLURM_ARRAY_TASK_COUNT")
    let first = try integer("SLURM_ARRAY_TASK_MIN")
    let last = try integer("SLURM_ARRAY_TASK_MAX")
    let step = variable("SLURM_ARRAY_TASK_STEP") == nil ? 1 : try integer("SLURM_ARRAY_TASK_STEP")
    let numbers = [first, last, number, count, step]
    guard numbers.allSatisfy({ (0...1_000_000_000).contains($0) }), step > 0, count > 0,
      (first...max(first, last)).contains(number), (number - first) % step == 0,
      last - first == (count - 1) * step, count <= ShardArgument.countLimit
    else {
      throw failure(
        "the numbers of the Slurm array have gaps",
        hint: "give --shard auto/N, for task numbers from 0 to N-1")
    }
    return Shard(index: (number - first) / step, count: count)
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
