public import Bytes
import CImageCodecs

extension ImageReader {
  /// Width and height of the picture in `bytes` when upright, read from its header alone.
  ///
  /// Failures as in `size(ofFile:options:)`.
  public static func uprightSize(
    of bytes: [UInt8], options: PictureOptions = PictureOptions()
  ) throws(Failure) -> (width: Int, height: Int) {
    let format = try format(of: bytes)
    let size = try size(of: bytes, format: format, maximumPixels: options.maximumPixels)
    let swapsAxes = orientation(of: bytes, format)?.swapsAxes ?? false
    let (width, height) = (Int(size.width), Int(size.height))
    return swapsAxes ? (height, width) : (width, height)
  }
}
