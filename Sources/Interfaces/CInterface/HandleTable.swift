import Bytes
import CSAM2
import Synchronization

/// The objects of one type held by C callers, by handle.
///
/// A handle is a number with the type of a pointer: it is never dereferenced, and no number is
/// issued twice. So a handle that was freed, or never existed, is detected instead of crashing.
final class HandleTable<Object: AnyObject & Sendable>: Sendable {
  private let noun: String
  private let objects = Guarded<[UInt: Object]>([:])

  /// `noun` names the type in messages.
  init(_ noun: String) { self.noun = noun }

  /// Keeps `object` until `remove`.
  func insert(_ object: Object) -> OpaquePointer {
    let handle = HandleNumber.next()
    let number = UInt(bitPattern: handle)
    objects.withLock { $0[number] = object }
    return handle
  }

  /// - Throws: `argument.null`, `argument.handle`.
  func object(_ handle: OpaquePointer?) throws(Failure) -> Object {
    guard let handle else { throw .null(noun) }
    let number = UInt(bitPattern: handle)
    guard let object = objects.withLock({ $0[number] }) else {
      throw Failure(
        .usage, code: "argument.handle", "the handle is not that of a \(noun) in use",
        hint: "pass a handle that was returned as a \(noun) and is not freed")
    }
    return object
  }

  /// Releases the object; calls that are using it keep it alive until they end.
  func remove(_ handle: OpaquePointer?) {
    let number = UInt(bitPattern: handle)
    // Released outside the lock, since a deinitialiser may take a long time.
    let object = objects.withLock { $0.removeValue(forKey: number) }
    withExtendedLifetime(object) {}
  }
}

/// Handle numbers, shared by all types, so that a handle of another type is invalid.
private enum HandleNumber {
  private static let last = Atomic<UInt>(0)

  /// The next number: aligned like a pointer, in case a caller checks, and never null.
  static func next() -> OpaquePointer {
    let number = last.add(1, ordering: .relaxed).newValue
    return OpaquePointer(bitPattern: number << 4) ?? next()
  }
}

/// The tables of all handle types.
enum Handles {
  static let models = HandleTable<ModelObject>("model")
  static let pictures = HandleTable<PictureObject>("picture")
  static let results = HandleTable<ResultObject>("result")
  static let predictors = HandleTable<PredictorObject>("predictor")
  static let trackers = HandleTable<TrackerObject>("tracker")
}
