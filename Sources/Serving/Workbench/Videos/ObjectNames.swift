public import Bytes
public import JSON

/// The names that people have given to a video's objects.
public struct ObjectNames: Sendable, Equatable {
  /// Maximum number of characters in a name.
  static let lengthLimit = 200
  /// Names by object, excluding empty ones.
  private var names: [Int: String] = [:]

  public init() {}

  /// Reads a list of {"object", "name"} from `json`.
  /// - Throws: `json.*`; `serve.object` if a number or name is out of range, or a number is
  ///   repeated.
  public init(json: [JSONValue], limits: WorkLimits) throws(Failure) {
    var seen: Set<Int> = []
    for element in json {
      let reader = try RequestObject(element, members: ["object", "name"])
      let (object, name) = (try reader.integer("object"), try reader.string("name"))
      guard (1...limits.objects).contains(object), name.count <= Self.lengthLimit,
        seen.insert(object).inserted
      else {
        throw Failure(
          .badInput, code: "serve.object",
          "objects have numbers from 1 to \(limits.objects), each once, and names of up to "
            + "\(Self.lengthLimit) characters")
      }
      if !name.isEmpty { names[object] = name }
    }
  }

  public subscript(object: Int) -> String? { names[object] }

  mutating func remove(object: Int) { names[object] = nil }

  public var json: JSONValue {
    .array(
      names.sorted { $0.key < $1.key }.map {
        ["object": .init($0.key), "name": .string($0.value)]
      })
  }
}
