import Bytes
import CImageCodecs

/// Converts results of the C shim to Swift values and failures.
enum Codec {
  /// Runs an encoder and returns a copy of its bytes.
  static func encode(
    _ body: (UnsafeMutablePointer<codec_bytes>, UnsafeMutablePointer<codec_report>) -> Void
  ) throws(Failure) -> [UInt8] {
    var bytes = codec_bytes()
    var report = codec_report()
    body(&bytes, &report)
    defer { codec_bytes_free(&bytes) }
    try check(report, format: "encoder")
    return [UInt8](UnsafeBufferPointer(start: bytes.data, count: bytes.count))
  }

  /// Throws the failure in `report`, if there is one.
  ///
  /// `unsupportedHint` suggests a next step for a kind of file that the codec does not support.
  static func check(
    _ report: codec_report, format: String,
    unsupportedHint: String = "convert it to 8-bit RGB, as PNG or baseline JPEG"
  ) throws(Failure) {
    guard report.status != CODEC_OK else { return }
    let text = withUnsafePointer(to: report) { String(cString: codec_report_text($0)) }
    switch report.status {
    case CODEC_UNSUPPORTED:
      throw Failure(
        .badInput, code: "image.unsupported", "this kind of \(format) is not supported: \(text)",
        hint: unsupportedHint)
    case CODEC_TOO_LARGE:
      throw Failure(
        .badInput, code: "image.too_large", "\(format): \(text)",
        hint: "scale the picture down first")
    case CODEC_OUT_OF_MEMORY:
      throw Failure(.inputOutput, code: "memory.exhausted", "\(format): \(text)")
    default:
      throw Failure(.badInput, code: "image.damaged", "damaged \(format): \(text)")
    }
  }

  static func size(width: Int, height: Int) -> codec_size {
    codec_size(width: UInt32(clamping: width), height: UInt32(clamping: height))
  }
}
