import Annotations
import Bytes
import Detector
import JSON
import Media
import Synchronization

/// Names of the objects in a video that were found by words; shared by the search and the writer.
final class FoundLabels: Sendable {
  private struct Entry {
    let found: Detection
    let label: String
    let frame: Int
  }

  /// The classes of what is found and, if a person also adds objects, one class for those.
  private let categories: [String]
  private let entries = Guarded<[Int: Entry]>([:])

  init(categories: [String] = []) { self.categories = categories }

  func add(_ object: Int, _ found: Detection, label: String, frame: Int) {
    entries.withLock { $0[object] = Entry(found: found, label: label, frame: frame) }
  }

  /// Whether words have found anything.
  var isEmpty: Bool { entries.withLock(\.isEmpty) }

  /// The highest object number; 0 without objects.
  var highestObject: Int { entries.withLock { $0.keys.max() ?? 0 } }

  /// A mask of an object, with its class and score if it was found by words.
  func annotated(_ object: Int, _ mask: BinaryMask) -> AnnotatedMask {
    let entry = entries.withLock { $0[object] }
    let named = entry.flatMap { categories.firstIndex(of: $0.label) }
    return AnnotatedMask(
      object: object, category: named ?? max(0, categories.count - 1),
      score: entry.map { Double($0.found.score) }, mask: mask, keepsPixels: true)
  }

  /// The label of an object, as shown in a report.
  func label(of object: Int) -> String? { entries.withLock { $0[object]?.label } }

  /// All objects and what found them, in order of object number.
  var report: [JSONValue] {
    entries.withLock { entries in
      entries.sorted { $0.key < $1.key }.map { object, entry in
        let box = entry.found.box
        return [
          "object": .init(object), "label": .string(entry.label),
          "score": .init(entry.found.score), "frame": .init(entry.frame),
          "box": .array([box.x0, box.y0, box.x1, box.y1].map { .init($0) }),
        ]
      }
    }
  }

  /// Restores an element of `report`; returns false if it is not a valid one.
  func restore(_ json: JSONValue) -> Bool {
    let box = json["box"]?.array?.compactMap { $0.double.map { Float($0) } } ?? []
    guard let object = json["object"]?.int, let label = json["label"]?.string,
      let score = json["score"]?.double, let frame = json["frame"]?.int, box.count == 4
    else { return false }
    let found = Detection(
      query: 0, score: Float(score),
      box: Detection.Box(x0: box[0], y0: box[1], x1: box[2], y1: box[3]))
    add(object, found, label: label, frame: frame)
    return true
  }
}
