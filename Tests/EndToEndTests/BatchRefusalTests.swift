import Glibc
import JSON
import TestSupport
import Testing

@Suite("Refusals of sam2 batch, and its choice of a shard")
struct BatchRefusalTests {
  static let lists: [String: String] = [
    "json": "{\"id\": \"a\"}\n{\"id\": \"b\"\n",
    "json.missing": "{\"id\": \"a\"}\n{\"name\": \"b\"}\n",
    "type": "{\"id\": \"a\"}\n{\"id\": 3}\n", "empty": "\n \n",
    "twice": "{\"id\": \"a\"}\n{\"id\": \"b\"}\n{\"id\": \"a\"}\n",
    "nested": "{\"id\": \"a\"}\n{\"id\": \"a/b\"}\n",
    "parent": "{\"id\": \"a\"}\n{\"id\": \"x/../../a\"}\n",
    "root": "{\"id\": \"a\"}\n{\"id\": \"/a\"}\n", "hidden": "{\"id\": \"a\"}\n{\"id\": \".a\"}\n",
    "control": "{\"id\": \"a\"}\n{\"id\": \"a\\u001b\"}\n",
    "long": "{\"id\": \"a\"}\n{\"id\": \"\(String(repeating: "a", count: 201))\"}\n",
    "endless": "{\"id\": \"a\"}\n{\"id\": \"\(String(repeating: "a", count: 17 << 20))",
    "ours": "{\"id\": \"a\"}\n{\"id\": \"results.jsonl\"}\n",
    "mark": "{\"id\": \"a\"}\n\u{FEFF}{\"id\": \"b\"}\n",
  ]

  static let codes = [
    "json": "json.syntax", "json.missing": "json.missing", "type": "json.type",
    "empty": "batch.empty", "twice": "batch.duplicate_id", "nested": "batch.nested_id",
    "endless": "batch.line", "mark": "json.syntax",
  ].merging(["parent", "root", "hidden", "control", "long", "ours"].map { ($0, "batch.id") }) {
    $1
  }

  @Test("Lists that are refused whole", arguments: lists.keys.sorted())
  func badList(name: String) throws {
    try withTemporaryFolder { folder in
      write(BatchRefusalTests.lists[name] ?? "", to: "\(folder)/items.jsonl")
      let outcome = try BatchItems.run(["-o", "out", "--json"], in: folder)
      #expect(outcome.exitCode == 65, "\(outcome.errors)")
      let code = try outcome.json["error"]?["code"]?.string
      #expect(code == Self.codes[name])
      #expect(outcome.errors.hasPrefix("error: items.jsonl: "))
      let place = ["twice": "lines 1 and 3", "nested": "lines 1 and 2", "empty": ""]
      #expect(outcome.errors.contains(place[name] ?? "line 2"), "\(outcome.errors)")
      #expect(!exists("\(folder)/out"))
    }
  }

  @Test(
    "Shards that do not exist",
    arguments: ["5/4", "4/4", "0/0", "-1/4", "a/b", "1", "auto/0", "1/2/3", "1/4000000"])
  func badShard(text: String) throws {
    try withTemporaryFolder { folder in
      write("{\"id\": \"a\"}", to: "\(folder)/items.jsonl")
      let outcome = try BatchItems.run(["-o", "out", "--shard=\(text)"], in: folder)
      #expect(outcome.exitCode == 64)
      #expect(outcome.errors.contains("--shard"))
      #expect(!exists("\(folder)/out"))
    }
  }

  @Test("Results are kept, and locked")
  func existing() throws {
    try withTemporaryFolder { folder in
      write("{\"id\": \"a\"}", to: "\(folder)/items.jsonl")
      mkdir("\(folder)/out", 0o700)
      let part = "\(folder)/out/results.jsonl.part"
      write("", to: part)
      let kept = try BatchItems.run(["-o", "out"], in: folder)
      #expect(kept.exitCode == 73)
      #expect(kept.errors.contains("--resume"))
      let descriptor = open(part, O_RDWR | O_CLOEXEC)
      defer { close(descriptor) }
      #expect(flock(descriptor, LOCK_EX) == 0)
      let locked = try BatchItems.run(["-o", "out", "--resume"], in: folder)
      #expect(locked.exitCode == 73)
      #expect(locked.errors.contains("another process"))
    }
  }

  // MARK: - Schedulers

  static let environments: [[String: String]: String] = [
    ["SLURM_ARRAY_TASK_ID": "2", "SLURM_ARRAY_TASK_MIN": "0", "SLURM_ARRAY_TASK_MAX": "3"]
      .merging(["SLURM_ARRAY_TASK_COUNT": "4"]) { first, _ in first }: "auto 2/4",
    [
      "SLURM_ARRAY_TASK_ID": "7", "SLURM_ARRAY_TASK_MIN": "3", "SLURM_ARRAY_TASK_MAX": "9",
      "SLURM_ARRAY_TASK_COUNT": "4", "SLURM_ARRAY_TASK_STEP": "2",
    ]: "auto 2/4",
    // Two tasks of an array of four, submitted again.
    [
      "SLURM_ARRAY_TASK_ID": "3", "SLURM_ARRAY_TASK_MIN": "1", "SLURM_ARRAY_TASK_MAX": "3",
      "SLURM_ARRAY_TASK_COUNT": "2",
    ]: "auto/4 3/4",
    [
      "SLURM_ARRAY_TASK_ID": "3", "SLURM_ARRAY_TASK_MIN": "0", "SLURM_ARRAY_TASK_MAX": "3",
      "SLURM_ARRAY_TASK_COUNT": "3",
    ]: "auto refused",
    ["JOB_COMPLETION_INDEX": "1"]: "auto/4 1/4", ["JOB_COMPLETION_INDEX": "4"]: "auto/4 refused",
    ["JOB_COMPLETION_INDEX": "0"]: "auto refused", ["JOB_COMPLETION_INDEX": "x"]: "auto/4 refused",
    ["JOB_COMPLETION_INDEX": "2", "SLURM_ARRAY_TASK_ID": "2"]: "auto/4 refused",
    [:]: "auto/4 refused",
  ]

  @Test("Slurm and Kubernetes pick the shard")
  func environment() throws {
    for (environment, expected) in BatchRefusalTests.environments {
      try withTemporaryFolder { folder in
        // Items that are refused at once: this is about which of them are looked at.
        let items = (0..<8).map { "{\"id\": \"\($0)\"}\n" }.joined()
        write(items, to: "\(folder)/items.jsonl")
        let words = expected.split(separator: " ").map(String.init)
        let outcome = try Tool.sam2.run(
          ["batch", "items.jsonl", "-o", "out", "--shard", words[0]], in: folder,
          environment: environment)
        guard words[1] != "refused" else {
          #expect(outcome.exitCode == 64, "\(environment): \(outcome.errors)")
          return
        }
        let index = Int(words[1].prefix(1)) ?? 0
        let name = "results-0000\(index)-of-00004.jsonl"
        #expect(folderNames("\(folder)/out") == [name], "\(environment): \(outcome.errors)")
        let text = String(decoding: fileBytes("\(folder)/out/\(name)") ?? [], as: UTF8.self)
        let ids = try text.split(separator: "\n").map {
          try JSONValue(parsing: String($0)).requiredString("id")
        }
        #expect(ids == ["\(2 * index)", "\(2 * index + 1)"])
      }
    }
  }
}
