import CImageCodecs

/// The limits on a child process, in force from its first instruction.
struct ChildLimits: Equatable {
  /// In bytes; an 8K video needs one or two of these eight GiB.
  var addressSpace: UInt64 = 8 << 30
  /// In seconds; nil for no limit.
  var processorSeconds: UInt64?
  /// Whether the child may write to files.
  var writesFiles = false

  /// For a program that decodes `byteCount` bytes: one hour plus another for every 900 MB, which is
  /// several times as long as the largest videos take on a slow processor.
  ///
  /// Frames beyond the usual pixel limit get additional memory as needed.
  static func decoding(byteCount: Int, maximumPixels: Int = 0) -> ChildLimits {
    var limits = ChildLimits(processorSeconds: 3600 + UInt64(max(byteCount, 0)) / 250_000)
    let more = max(0, min(maximumPixels, 1 << 30) - ImageReader.defaultMaximumPixels)
    limits.addressSpace += UInt64(more) * 80
    return limits
  }

  /// For a program that reads the header of a file or a single picture.
  static let looking = ChildLimits(processorSeconds: 120)

  /// For a program that encodes pixels from this process.
  static let encoding = ChildLimits(processorSeconds: nil, writesFiles: true)

  /// The same limits, for the function that starts the child.
  var native: codec_limits {
    codec_limits(
      address_space: addressSpace, processor_seconds: processorSeconds ?? .max,
      file_bytes: writesFiles ? .max : 0)
  }
}
