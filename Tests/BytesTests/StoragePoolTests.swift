import Bytes
import Testing

struct StoragePoolTests {
  /// Small memory, and memory that is mapped; sizes that are not multiples of anything.
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

  @Test func newLargeSizesReplaceThoseThatWereNotReused() {
    let pool = StoragePool()
    func use(_ sizes: [Int]) {
      for (memory, size) in sizes.map({ (pool.take($0), $0) }) {
        _ = pool.storage(takingOver: memory, byteCount: size)
      }
    }
    use([2_000_000, 3_000_000, 100])
    // A small one leaves them, and so does one that is there.
    use([200, 3_000_000])
    #expect(pool.idleByteCount == 5_000_300)
    use([4_000_000])
    #expect(pool.idleByteCount == 7_000_300)
    // Frame by frame: what comes again stays, what has grown does not.
    for frame in 0..<20 {
      let size = 5_000_000 + frame * 100_000
      use([size, size, 3_000_000])
    }
    #expect(pool.idleByteCount == 2 * 6_900_000 + 3_000_000 + 300)
  }

  /// A whole frame's memory, twice what a large size takes, is reused without the system.
  @Test func whatComesWithEachFrameStays() {
    let pool = StoragePool()
    let sizes = [22_000_000, 7_000_000, 12_000_000, 4_000_000, 4_000_000, 2_000_000]
    var places: [[UnsafeMutableRawPointer]] = []
    for _ in 0..<4 {
      // One after the other, each let go before the next but one is asked for.
      var last: ByteStorage?
      places.append(
        sizes.map { size in
          let memory = pool.take(size)
          last = pool.storage(takingOver: memory, byteCount: size)
          return memory
        })
      withExtendedLifetime(last) {}
    }
    #expect(Set(places[2]) == Set(places[3]))
    #expect(pool.idleByteCount <= sizes.reduce(0, +))
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
