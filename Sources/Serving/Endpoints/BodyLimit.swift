/// Size limits for bodies other than files.
enum BodyLimit {
  /// JSON with prompts and masks.
  static let json = 16 << 20
}
