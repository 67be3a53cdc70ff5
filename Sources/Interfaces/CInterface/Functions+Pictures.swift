// The names are those in the header.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import Bytes
public import CSAM2
import Media

/// A picture held by a C caller, at an address that does not change.
///
/// Unchecked: nothing writes the pixels after `init`.
final class PictureObject: @unchecked Sendable {
  let width: Int
  let height: Int
  let pixels: UnsafeMutableBufferPointer<UInt8>
  let notices: CText

  init(_ picture: RGBImage) {
    (width, height) = (picture.width, picture.height)
    pixels = .allocate(capacity: picture.pixels.count)
    _ = pixels.initialize(from: picture.pixels)
    notices = CText(picture.notices.lines)
  }

  deinit { pixels.deallocate() }
}

@c @implementation
public func sam2_picture_read(
  _ path: UnsafePointer<CChar>?, _ maximumPixels: UInt64,
  _ picture: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<sam2_error>?
) -> sam2_status {
  call(returning: picture, error) {
    let path = try Arguments.text(path, "path")
    var options = PictureOptions()
    if maximumPixels > 0 { options.maximumPixels = Int(clamping: maximumPixels) }
    return Handles.pictures.insert(
      PictureObject(try ImageReader.read(path, options: options)))
  }
}

@c @implementation
public func sam2_picture_free(_ picture: OpaquePointer?) { Handles.pictures.remove(picture) }

@c @implementation
public func sam2_picture_image(
  _ picture: OpaquePointer?, _ image: UnsafeMutablePointer<sam2_image>?,
  _ error: UnsafeMutablePointer<sam2_error>?
) -> sam2_status {
  call(error) {
    let picture = try Handles.pictures.object(picture)
    var view = sam2_image()
    view.pixels = picture.pixels.baseAddress.map { UnsafePointer($0) }
    (view.width, view.height) = (Int32(picture.width), Int32(picture.height))
    view.stride = 3 * picture.width
    view.format = Int32(SAM2_RGB8.rawValue)
    try assign(view, to: image)
  }
}

@c @implementation
public func sam2_picture_notices(_ picture: OpaquePointer?) -> UnsafePointer<CChar>? {
  (try? Handles.pictures.object(picture))?.notices.pointer.map { UnsafePointer($0) }
}
