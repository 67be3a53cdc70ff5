import CImageCodecs

/// The limits of a child process, in force from its first instruction on.
struct ChildLimits: Equatable {
  /// Bytes; an 8K video needs one or two of the eight.
  var addressSpace: UInt64 = 8 << 30
  /// Seconds; nil for no limit.
  var processorSeconds: UInt64?
  /// Whether it may write to files.
  var writesFiles = false

  /// For a program that decodes `byteCount` bytes: an hour, and as much again for each 900 MB, which
  /// is several times what the largest videos take on a slow processor.
  ///
  /// Frames beyond the usual limit of pixels get memory as they need it.
  static func decoding(byteCount: Int, maximumPixels: Int = 0) -> ChildLimits {
    var limits = ChildLimits(processorSeconds: 3600 + UInt64(max(byteCount, 0)) / 250_000)
    let more = max(0, min(maximumPixels, 1 << 30) - ImageReader.defaultMaximumPixels)
    limits.addressSpace += UInt64(more) * 80
    return limits
  }

  /// For a program that reads the head of a file, or a single picture.
  static let looking = ChildLimits(processorSeconds: 120)

  /// For a program that encodes pixels of this process.
  static let encoding = ChildLimits(processorSeconds: nil, writesFiles: true)

  /// The same for the function that starts the child.
  var native: codec_limits {
    codec_limits(
      address_space: addressSpace, processor_seconds: processorSeconds ?? .max,
      file_bytes: writesFiles ? .max : 0)
  }
}
