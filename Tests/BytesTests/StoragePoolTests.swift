import Bytes
import Testing

struct StoragePoolTests {
  /// Small memory, and memory that is mapped; sizes that are no multiple of anything.
  @Test(arguments: [1, 4_000, 3_000_001, 9_999_999])
  func whatIsLetGoComesBack(byteCount: Int) {
    let pool = StoragePool()
    let first = pool.take(byteCount)
    #expect(Int(bitPattern: first) % 64 == 0)
    first.initializeMemory(as: UInt8.self, repeating: 7, count: byteCount)
    var storage: ByteStorage? = pool.storage(takingOver: first, byteCount: byteCount)
    let sum = storage?.withUnsafeBytes { $0.reduce(0) { $0 + Int($1) } }
    #expect(sum == 7 * byteCount)
    #expect(pool.idleByteCount == 0)
    let other = pool.take(byteCount + 1)
    #expect(other != first)
    storage = nil
    #expect(pool.idleByteCount == byteCount)
    #expect(pool.take(byteCount) == first)
    #expect(pool.idleByteCount == 0)
    for (memory, count) in [(first, byteCount), (other, byteCount + 1)] {
      _ = pool.storage(takingOver: memory, byteCount: count)
    }
  }

  @Test func keepsLittleIdle() {
    let pool = StoragePool(idleLimit: 10_000)
    let memory = (0..<5).map { pool.take(3_000 + $0) }
    for (index, memory) in memory.enumerated() {
      _ = pool.storage(takingOver: memory, byteCount: 3_000 + index)
    }
    // The last three.
    #expect(pool.idleByteCount == 9_009)
    #expect(pool.take(3_004) == memory[4])
  }

  @Test func newLargeSizesTakeThePlaceOfTheOldest() {
    let pool = StoragePool()
    let sizes = [2_000_000, 3_000_000, 4_000_000]
    for (memory, size) in sizes.map({ (pool.take($0), $0) }) {
      _ = pool.storage(takingOver: memory, byteCount: size)
    }
    // A small one leaves them, and so does one that is there.
    var taken = [(pool.take(100), 100), (pool.take(3_000_000), 3_000_000)]
    #expect(pool.idleByteCount == 6_000_000)
    taken.append((pool.take(1_500_000), 1_500_000))
    #expect(pool.idleByteCount == 4_000_000)
    for (memory, size) in taken { _ = pool.storage(takingOver: memory, byteCount: size) }
  }

  /// Storage may live longer than its pool.
  @Test func storageOutlivesItsPool() {
    var pool: StoragePool? = StoragePool()
    let memory = pool?.take(100)
    let storage = memory.flatMap { memory in
      memory.initializeMemory(as: UInt8.self, repeating: 1, count: 100)
      return pool?.storage(takingOver: memory, byteCount: 100)
    }
    pool = nil
    #expect(storage?.withUnsafeBytes { $0.reduce(0, +) } == 100)
  }
}
