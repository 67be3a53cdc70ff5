import Bytes
import SafetensorsCheckpoint
import Tensors
import TestSupport
import Testing

/// Indices and their shards.
@Suite struct ShardTests {
  private static let first = "model-00001-of-00002.safetensors"
  private static let second = "model-00002-of-00002.safetensors"
  private static let map = #"{"a":"\#(first)","b":"\#(second)","c":"\#(first)"}"#

  private static func index(_ map: String) -> [UInt8] {
    Array(#"{"metadata":{"total_size":3},"weight_map":\#(map)}"#.utf8)
  }

  private static func int8(_ name: String, _ value: UInt8) -> (String, DType, Shape, [UInt8]) {
    (name, .int8, [1], [value])
  }

  private static func write(_ bytes: [UInt8], _ path: String) throws {
    try AtomicFile.write(path: path, replaceExisting: true) { try $0.write(bytes) }
  }

  /// Opens an index beside two shards with `a`, `c` and `b`.
  private static func open(
    _ index: [UInt8], second shard: [UInt8]? = nil
  ) throws -> ShardedSafetensors {
    try withTemporaryFolder { folder in
      let good = MemoryTensors([int8("a", 1), int8("c", 3)])
      try write(try SafetensorsWriter.encode(good), "\(folder)/\(first)")
      let other = try SafetensorsWriter.encode(MemoryTensors([int8("b", 2)]))
      try write(shard ?? other, "\(folder)/\(second)")
      let storage = ByteStorage(byteCount: index.count) { $0.copyBytes(from: index) }
      return try ShardedSafetensors(index: storage, folder: folder)
    }
  }

  @Test func readsEachTensorFromItsShard() throws {
    let checkpoint = try ShardTests.open(ShardTests.index(ShardTests.map))
    #expect(checkpoint.names == ["a", "b", "c"])
    #expect(checkpoint.shards.map(\.name) == [ShardTests.first, ShardTests.second])
    for (name, value) in [("a", 1), ("b", 2), ("c", 3)] {
      #expect(try checkpoint.tensor(name).floats() == [Float(value)])
      #expect(checkpoint.description(of: name)?.dtype == .int8)
    }
    #expect(throws: failure("tensor.missing")) { try checkpoint.tensor("d") }
  }

  static let badMaps: [(String, String)] = [
    ("st.index_path", #"{"a":"../../etc/passwd"}"#),
    ("st.index_path", #"{"a":"/etc/x.safetensors"}"#),
    ("st.index_path", #"{"a":"./\#(first)"}"#),
    ("st.index_path", #"{"a":"sub/\#(first)"}"#),
    ("st.index_path", #"{"a":"..\\x.safetensors"}"#),
    ("st.index_path", #"{"a":".safetensors"}"#),
    ("st.index_path", #"{"a":"x\u0000.safetensors"}"#),
    ("st.index_path", #"{"a":"pytorch_model.bin"}"#),
    ("st.index_path", #"{"a":""}"#),
    ("st.index", #"{"a":1}"#),
    ("st.index", #"{}"#),
    ("st.index", #"[]"#),
    ("st.name", #"{"":"\#(first)"}"#),
    ("st.duplicate_key", #"{"a":"\#(first)","\u0061":"\#(second)"}"#),
    ("st.json", #"{"a":"\#(first)",}"#),
    ("st.index_shard", #"{"a":"\#(first)","c":"\#(first)","b":"model-3.safetensors"}"#),
    // The shards have a tensor more, or one less, or in another place.
    ("st.index_weight", #"{"a":"\#(first)","b":"\#(second)"}"#),
    ("st.index_weight", #"{"a":"\#(first)","b":"\#(second)","c":"\#(first)","d":"\#(first)"}"#),
    ("st.index_weight", #"{"a":"\#(first)","b":"\#(second)","c":"\#(second)"}"#),
  ]

  @Test(arguments: badMaps) func badIndicesAreRefused(code: String, map: String) {
    let thrown = #expect(throws: Failure.self) { try ShardTests.open(ShardTests.index(map)) }
    #expect(thrown?.code == code, "\(map)")
  }

  @Test func aBadShardIsNamed() throws {
    let cut = Array(
      try SafetensorsWriter.encode(MemoryTensors([ShardTests.int8("b", 2)])).dropLast())
    let thrown = #expect(throws: Failure.self) {
      try ShardTests.open(ShardTests.index(ShardTests.map), second: cut)
    }
    #expect(thrown?.code == "st.size")
    #expect(thrown?.file?.hasSuffix(ShardTests.second) == true)
  }

  @Test func aShardOfAnotherModelIsRefused() throws {
    let other = try SafetensorsWriter.encode(MemoryTensors([ShardTests.int8("x", 2)]))
    #expect(throws: failure("st.index_weight")) {
      try ShardTests.open(ShardTests.index(ShardTests.map), second: other)
    }
  }

  @Test func indicesAreDistinguishedFromOtherFiles() {
    func isIndex(_ text: String) -> Bool {
      let bytes = Array(text.utf8)
      return ShardedSafetensors.isIndex(
        ByteStorage(byteCount: bytes.count) { $0.copyBytes(from: bytes) })
    }
    #expect(isIndex(String(decoding: ShardTests.index("{}"), as: UTF8.self)))
    #expect(isIndex("\n {\"a\": \"\(String(repeating: "x", count: 5000))\", \"weight_map\": 1"))
    #expect(!isIndex(#"{"weight": 1, "map": 2}"#))
    #expect(!isIndex(#"["weight_map"]"#))
    #expect(!isIndex(""))
  }
}
