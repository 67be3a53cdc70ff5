import Annotations
import Bytes
import Detector
import JSON
import Media
import Synchronization

/// How the objects of a video are called that words found; shared by what finds and what writes.
final class FoundLabels: Sendable {
  private struct Entry {
    let found: Detection
    let label: String
    let frame: Int
  }

  private let entries = Guarded<[Int: Entry]>([:])

  func add(_ object: Int, _ found: Detection, label: String, frame: Int) {
    entries.withLock { $0[object] = Entry(found: found, label: label, frame: frame) }
  }

  /// A mask of an object, with its class and score if words found it.
  func annotated(_ object: Int, _ mask: BinaryMask) -> AnnotatedMask {
    let entry = entries.withLock { $0[object] }
    return AnnotatedMask(
      object: object, category: entry?.found.query ?? 0,
      score: entry.map { Double($0.found.score) },
      mask: mask)
  }

  /// The label of an object, as a report has it.
  func label(of object: Int) -> String? { entries.withLock { $0[object]?.label } }

  /// All objects with what found them, in the order of their numbers.
  var report: [JSONValue] {
    entries.withLock { entries in
      entries.sorted { $0.key < $1.key }.map { object, entry in
        [
          "object": .init(object), "label": .string(entry.label),
          "score": .init(entry.found.score), "frame": .init(entry.frame),
          "box": .array(
            [entry.found.box.x0, entry.found.box.y0, entry.found.box.x1, entry.found.box.y1]
              .map { .init($0) }),
        ]
      }
    }
  }
}
