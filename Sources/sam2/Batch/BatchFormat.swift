import ArgumentParser

/// How `sam2 batch` writes masks.
enum BatchFormat: String, ExpressibleByArgument, CaseIterable {
  /// A PNG a mask, 255 inside.
  case png
  /// A palette PNG a picture, with object numbers.
  case davis
  /// No files: COCO run lengths in the results.
  case rle
}
