import Bytes
import CSAM2
import Synchronization

/// The objects of one type that C callers hold, by handle.
///
/// A handle is a number in the type of a pointer: it is never dereferenced, and no number is given
/// out twice. So a handle that was freed, or never existed, is found out instead of crashing.
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

  /// Releases the object; calls that use it keep it alive until they end.
  func remove(_ handle: OpaquePointer?) {
    let number = UInt(bitPattern: handle)
    // Released outside of the lock, since a deinitialiser may take long.
    let object = objects.withLock { $0.removeValue(forKey: number) }
    withExtendedLifetime(object) {}
  }
}

/// Numbers of handles, over all types: a handle of another type is an invalid one.
private enum HandleNumber {
  private static let last = Atomic<UInt>(0)

  /// Aligned like a pointer, in case a caller checks, and never null.
  static func next() -> OpaquePointer {
    let number = last.add(1, ordering: .relaxed).newValue
    return OpaquePointer(bitPattern: number << 4) ?? next()
  }
}

/// The tables of all types of handles.
enum Handles {
  static let models = HandleTable<ModelObject>("model")
  static let pictures = HandleTable<PictureObject>("picture")
  static let results = HandleTable<ResultObject>("result")
  static let predictors = HandleTable<PredictorObject>("predictor")
  static let trackers = HandleTable<TrackerObject>("tracker")
}
