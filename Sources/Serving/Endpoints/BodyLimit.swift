/// Sizes of bodies that are no files.
enum BodyLimit {
  /// JSON with prompts and masks.
  static let json = 16 << 20
}
