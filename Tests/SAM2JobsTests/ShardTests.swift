import TestSupport
import Testing

@testable import SAM2Jobs

@Suite("Shards")
struct ShardTests {
  @Test("Shards cover a list without gaps, in order")
  func ranges() throws {
    for count in [1, 2, 3, 7, 100] {
      for items in [0, 1, 5, 99, 100, 101, 1_000_003] {
        var end = 0
        for index in 0..<count {
          let range = try #require(Shard(index: index, count: count)).range(of: items)
          #expect(range.lowerBound == end)
          #expect((items / count...items / count + 1).contains(range.count))
          end = range.upperBound
        }
        #expect(end == items)
      }
    }
  }

  @Test("The product of index and items may need more than 64 bits")
  func large() throws {
    let shard = try #require(Shard(index: 999_999, count: 1_000_000))
    #expect(shard.range(of: Int.max).upperBound == Int.max)
    #expect(shard.name == "999999-of-1000000")
  }

  @Test(
    "Requests",
    arguments: [
      ("3/100", Shard(index: 3, count: 100).map { .given($0) }), ("auto", .auto(count: nil)),
      ("auto/8", .auto(count: 8)), ("8/8", nil), ("-1/8", nil), ("0/0", nil), ("0/1000001", nil),
      ("1", nil), ("1/2/3", nil), ("auto/", nil), ("x/8", nil), ("", nil),
    ] as [(String, ShardRequest?)])
  func requests(text: String, expected: ShardRequest?) { #expect(ShardRequest(text) == expected) }

  @Test(
    "Variables of schedulers determine a shard, or nothing is guessed",
    arguments: [
      ("auto/4", ["JOB_COMPLETION_INDEX": "3"], "00003-of-00004"),
      ("auto/4", ["SLURM_ARRAY_TASK_ID": "0"], "00000-of-00004"),
      ("auto", slurm(id: "9", count: "3", first: "5", last: "9", step: "2"), "00002-of-00003"),
      ("auto", slurm(id: "5", count: "5", first: "5", last: "9", step: nil), "00000-of-00005"),
      ("auto/4", ["JOB_COMPLETION_INDEX": "4"], nil), ("auto/4", [:], nil),
      ("auto/4", ["JOB_COMPLETION_INDEX": "0", "SLURM_ARRAY_TASK_ID": "0"], nil),
      ("auto", ["JOB_COMPLETION_INDEX": "0"], nil), ("auto", ["SLURM_ARRAY_TASK_ID": "1"], nil),
      ("auto", slurm(id: "6", count: "3", first: "5", last: "9", step: "2"), nil),
      ("auto", slurm(id: "5", count: "2", first: "5", last: "9", step: "2"), nil),
      ("auto", slurm(id: "x", count: "3", first: "5", last: "9", step: "2"), nil),
    ] as [(String, [String: String], String?)])
  func environment(text: String, variables: [String: String], expected: String?) throws {
    let request = try #require(ShardRequest(text))
    guard let expected else {
      #expect(throws: failure("shard.environment")) {
        try request.resolved { variables[$0] }
      }
      return
    }
    #expect(try request.resolved { variables[$0] }.name == expected)
  }

  private static func slurm(
    id: String, count: String, first: String, last: String, step: String?
  ) -> [String: String] {
    var variables = [
      "SLURM_ARRAY_TASK_ID": id, "SLURM_ARRAY_TASK_COUNT": count, "SLURM_ARRAY_TASK_MIN": first,
      "SLURM_ARRAY_TASK_MAX": last,
    ]
    variables["SLURM_ARRAY_TASK_STEP"] = step
    return variables
  }
}
