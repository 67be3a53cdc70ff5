/// The forms of automatic masks, under the official names.
public enum AutoOutputMode: String, CaseIterable, Sendable {
  /// A folder of PNGs with a table.
  case binaryMask = "binary_mask"
  /// JSON with the run lengths as numbers.
  case uncompressedRLE = "uncompressed_rle"
  /// JSON with the run lengths as the string of COCO.
  case cocoRLE = "coco_rle"
}
