import Bytes

/// A PNG of any kind, from its stored samples: the writer of the package knows a few kinds only.
public struct RawPNG: Sendable {
  public enum Colour: UInt8, Sendable {
    case gray = 0
    case rgb = 2
    case palette = 3
    case grayAlpha = 4
    case rgba = 6

    var channels: Int {
      switch self {
      case .gray, .palette: 1
      case .grayAlpha: 2
      case .rgb: 3
      case .rgba: 4
      }
    }
  }

  private var chunks: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  /// `samples` are [height, width, channels], of `depth` bits each: 1, 8 or 16.
  ///
  /// `palette` holds RGB triples, `alphas` the opacity of its first entries; `extra` chunks come
  /// before the pixels.
  public init(
    width: Int, height: Int, _ colour: Colour, depth: Int = 8, samples: [Int],
    palette: [UInt8] = [], alphas: [UInt8] = [], extra: [(name: String, bytes: [UInt8])] = []
  ) {
    append("IHDR", word(width) + word(height) + [UInt8(depth), colour.rawValue, 0, 0, 0])
    if !palette.isEmpty { append("PLTE", palette) }
    if !alphas.isEmpty { append("tRNS", alphas) }
    for chunk in extra { append(chunk.name, chunk.bytes) }
    let rowLength = width * colour.channels
    var rows: [UInt8] = []
    for y in 0..<height {
      rows.append(0)
      let row = samples[y * rowLength..<(y + 1) * rowLength]
      switch depth {
      case 16: rows += row.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
      case 8: rows += row.map { UInt8($0) }
      default:
        for start in stride(from: row.startIndex, to: row.endIndex, by: 8) {
          let bits = row[start..<min(start + 8, row.endIndex)]
          let byte = bits.reduce(0) { $0 << 1 | $1 } << (8 - bits.count)
          rows.append(UInt8(byte))
        }
      }
    }
    append("IDAT", RawPNG.zlib(rows))
    append("IEND", [])
  }

  /// The file.
  public var bytes: [UInt8] { chunks }

  private mutating func append(_ name: String, _ body: [UInt8]) {
    let content = Array(name.utf8) + body
    let checksum = content.withUnsafeBytes { CRC32.checksum($0) }
    chunks += word(body.count) + content + word(Int(checksum))
  }

  private func word(_ number: Int) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
  }

  /// Stored, not compressed.
  private static func zlib(_ bytes: [UInt8]) -> [UInt8] {
    var out: [UInt8] = [0x78, 0x01]
    var start = 0
    repeat {
      let count = min(bytes.count - start, 0xFFFF)
      let isLast: UInt8 = start + count == bytes.count ? 1 : 0
      let low = UInt8(count & 0xFF)
      let high = UInt8(count >> 8)
      out += [isLast, low, high, ~low, ~high] + bytes[start..<start + count]
      start += count
    } while start < bytes.count
    var (a, b) = (1, 0)
    for byte in bytes {
      a = (a + Int(byte)) % 65521
      b = (b + a) % 65521
    }
    return out + [b >> 8, b & 0xFF, a >> 8, a & 0xFF].map { UInt8($0) }
  }
}
