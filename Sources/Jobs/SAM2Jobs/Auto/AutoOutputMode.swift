/// The output forms of automatic masks, under their official names.
public enum AutoOutputMode: String, CaseIterable, Sendable {
  /// A folder of PNGs and a table.
  case binaryMask = "binary_mask"
  /// JSON with the run lengths as numbers.
  case uncompressedRLE = "uncompressed_rle"
  /// JSON with the run lengths as a COCO string.
  case cocoRLE = "coco_rle"
}
