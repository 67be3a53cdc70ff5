public import Bytes
public import JSON

extension Notice {
  /// A notice for programs: its code never changes its meaning.
  public var json: JSONValue {
    func text(_ value: String?) -> JSONValue { value.map { .string($0) } ?? .null }
    return [
      "kind": .string(kind.rawValue), "code": .string(code), "file": text(file),
      "message": .string(message), "hint": text(hint), "count": .init(count),
      "incomplete": .bool(isIncomplete),
    ]
  }
}

extension [Notice] {
  public var json: JSONValue { .array(map(\.json)) }
}
