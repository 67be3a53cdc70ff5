/// The order in which waiting work is done: work that a person is waiting for comes first.
public enum WorkPriority: Int, Sendable, CaseIterable {
  /// An answer about an already encoded picture.
  case click
  /// A run of the image encoder that somebody is waiting for.
  case encode
  /// A frame of a propagation, a batch of automatic masks, an export.
  case long
  /// A picture that may be needed next.
  case ahead

  /// Its name in metrics and logs.
  public var name: String {
    switch self {
    case .click: "click"
    case .encode: "encode"
    case .long: "long"
    case .ahead: "ahead"
    }
  }
}
