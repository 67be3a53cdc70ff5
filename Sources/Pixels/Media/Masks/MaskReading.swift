/// The meaning of the values in a mask file.
public enum MaskReading: String, Sendable, Hashable, CaseIterable {
  /// As the values suggest: labels where levels form areas, a soft mask where they form ramps.
  case auto
  /// Each value but 0 is the number of an object.
  case labels
  /// One object: the pixels of at least half the greatest value that the file can hold.
  case soft
  /// One object: the pixels that are not 0.
  case nonzero
}
