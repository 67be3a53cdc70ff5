// The names are those in the header.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import CSAM2
import JobSupport

private let versionText = CText(Product.version)

@c @implementation
public func sam2_version() -> UnsafePointer<CChar>? { UnsafePointer(versionText.pointer) }

@c @implementation
public func sam2_interface_version() -> UInt32 {
  UInt32(SAM2_INTERFACE_MAJOR) << 16 | UInt32(SAM2_INTERFACE_MINOR)
}
