// The names are those in the header.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import Bytes
public import CSAM2
import Media

@c @implementation
public func sam2_result_free(_ result: OpaquePointer?) { Handles.results.remove(result) }

@c @implementation
public func sam2_result_describe(
  _ result: OpaquePointer?, _ info: UnsafeMutablePointer<sam2_result_info>?,
  _ error: UnsafeMutablePointer<sam2_error>?
) -> sam2_status {
  call(error) { try assign(Handles.results.object(result).masks.description, to: info) }
}

@c @implementation
public func sam2_result_describe_mask(
  _ result: OpaquePointer?, _ index: Int32, _ info: UnsafeMutablePointer<sam2_mask_info>?,
  _ error: UnsafeMutablePointer<sam2_error>?
) -> sam2_status {
  call(error) {
    let result = try Handles.results.object(result)
    let index = try result.index(index)
    guard let info else { throw Failure.null("sam2_mask_info") }
    try checkSize(of: info)
    try assign(result.masks.description(of: index), to: info)
  }
}

@c @implementation
public func sam2_result_mask(
  _ result: OpaquePointer?, _ index: Int32, _ pixels: UnsafeMutablePointer<UInt8>?,
  _ capacity: Int, _ stride: Int, _ error: UnsafeMutablePointer<sam2_error>?
) -> sam2_status {
  call(error) {
    let result = try Handles.results.object(result)
    let index = try result.index(index)
    let info = result.masks.description
    let (width, height) = (Int(info.width), Int(info.height))
    let stride = try Arguments.stride(stride, rowBytes: width, height: height, "mask")
    let output = try Output(pixels, capacity: capacity, required: stride * (height - 1) + width)
    let mask = result.masks.mask(index)
    mask.bits.withUnsafeBytes { bits in
      for row in 0..<height {
        let source = bits[row * width..<(row + 1) * width]
        UnsafeMutableRawBufferPointer(output.buffer)[(row * stride)...].copyBytes(from: source)
      }
    }
  }
}

@c @implementation
public func sam2_result_logits(
  _ result: OpaquePointer?, _ index: Int32, _ logits: UnsafeMutablePointer<Float>?,
  _ capacity: Int, _ error: UnsafeMutablePointer<sam2_error>?
) -> sam2_status {
  call(error) {
    let result = try Handles.results.object(result)
    let index = try result.index(index)
    try Output(logits, capacity: capacity).write(result.masks.logits(index))
  }
}

@c @implementation
public func sam2_result_low_resolution_logits(
  _ result: OpaquePointer?, _ index: Int32, _ logits: UnsafeMutablePointer<Float>?,
  _ capacity: Int, _ error: UnsafeMutablePointer<sam2_error>?
) -> sam2_status {
  call(error) {
    let result = try Handles.results.object(result)
    let index = try result.index(index)
    try Output(logits, capacity: capacity).write(result.masks.lowResolutionLogits(index))
  }
}

@c @implementation
public func sam2_result_notices(_ result: OpaquePointer?) -> UnsafePointer<CChar>? {
  (try? Handles.results.object(result))?.notices.pointer.map { UnsafePointer($0) }
}
