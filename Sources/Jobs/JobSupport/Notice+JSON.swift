public import Bytes
public import JSON

extension Notice {
  /// The notice in a form for programs; the meaning of its code never changes.
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
